"""Cloud services played by local servers: real sockets, documented wire formats, faults on the wire."""
