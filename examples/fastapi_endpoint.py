"""An HTTP endpoint over the library: where an environment stands, and the way back for an incident tool's button.

Start it by `uvicorn --factory examples.fastapi_endpoint:app`. It lets in whoever has the
token of ROLLOUT_HTTP_TOKEN; put TLS before it. Its credentials need the rights to roll back, and no more.
"""

from __future__ import annotations

import os
import secrets
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from rollout import Rollout, RolloutError
from rollout.errors import Locked, UsageError
from rollout.migration.events import plain

STATUS = {UsageError: 404, Locked: 409}
"""What isn't among them is a 502: AWS or the engine had a problem, and the body says which."""


def allowed(said: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]) -> None:
    """Let in who knows the token."""
    if not secrets.compare_digest(said.credentials.encode(), os.environ["ROLLOUT_HTTP_TOKEN"].encode()):
        raise HTTPException(401)


def app(rollout: Rollout | None = None) -> FastAPI:
    """The endpoint.

    Args:
        rollout: The inventory; by default stacks.toml of this folder, read once.
    """
    opened = rollout or Rollout.load()
    made = FastAPI(title="rollout", dependencies=[Depends(allowed)])

    @made.exception_handler(RolloutError)
    def failed(_: Request, error: RolloutError) -> JSONResponse:
        code = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 502)
        return JSONResponse({"what": error.what, "where": error.where, "then": error.hint}, code)

    # not `async`: FastAPI runs these in threads, and rollout waits for AWS
    @made.get("/environments/{name}")
    def status(name: str) -> Any:
        """Where it stands."""
        return plain(opened.environment(name).status())

    @made.post("/environments/{name}/rollback")
    def rollback(name: str, *, reconcile: bool = True) -> Any:
        """All traffic back to legacy, at once; `reconcile=false` leaves Pulumi's state for later."""
        return plain(opened.environment(name).rollback(reconcile=reconcile, save=False))

    return made
