"""Server reflection, by which tools such as ``grpcurl`` find out what is served."""

from collections.abc import Iterable

from grpc_reflection.v1alpha import reflection, reflection_pb2

from sokuji.api.grpc.call import Call
from sokuji.api.grpc.methods import Method

SERVICE = reflection.SERVICE_NAME
V1 = "grpc.reflection.v1.ServerReflection"
"""The same service under its final name; its messages are the same on the wire."""


def reflection_methods(services: Iterable[str]) -> dict[str, Method]:
    """Path -> method.

    Args:
        services: the full names of those that are served beside this one.
    """
    servicer = reflection.aio.ReflectionServicer(service_names=[*services, SERVICE])

    async def serve(call: Call) -> None:
        max_bytes = call.service.settings.limits.max_json_bytes
        requests = call.each(reflection_pb2.ServerReflectionRequest, max_bytes)
        async for response in servicer.ServerReflectionInfo(requests, None):
            await call.respond(response)

    method = Method(serve, access="public")
    return {f"/{name}/ServerReflectionInfo": method for name in (SERVICE, V1)}
