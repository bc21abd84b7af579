"""What is measured: every Prometheus metric of the service, declared once, and recorded where it happens.

A process has one registry. ``sokuji.metrics.exposition`` joins those of several processes to one page. Labels
have few values each: never a session, a client or words. Names: https://prometheus.io/docs/practices/naming/.
"""
