"""The gRPC door (docs/grpc.md): the services of ``sokuji.proto`` on a server of the gateway's own."""
