"""Providers: implementations of the pipeline stages, one file or folder each, named in ``registry``.

A module beside the provider folders of a stage is shared by the providers of that stage; a module in this
package is shared by the providers of several stages. A provider's folder is imported only by itself and,
lazily, by the registry.
"""
