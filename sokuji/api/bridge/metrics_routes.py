"""The metrics of the service, for Prometheus."""

import asyncio

from fastapi import APIRouter
from starlette.responses import Response

from sokuji.api.dependencies import CurrentService
from sokuji.api.errors import FAILURE_RESPONSES
from sokuji.api.service_metrics import replica_metrics
from sokuji.metrics.exposition import CONTENT_TYPE, exposition

router = APIRouter(tags=["About"], responses=FAILURE_RESPONSES)


@router.get("/metrics", response_class=Response, responses={200: {"content": {CONTENT_TYPE: {}}}})
async def prometheus(service: CurrentService) -> Response:
    """What all replicas of the service have measured, in Prometheus' text format, whichever answers."""
    families = [*replica_metrics(service), *await service.replicas.others()]
    return Response(await asyncio.to_thread(exposition, families), media_type=CONTENT_TYPE)
