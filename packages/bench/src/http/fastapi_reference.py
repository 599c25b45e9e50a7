"""What humtemp is measured against: the same POST /observation with one Redis round trip for each observation.

    REDIS_URL=… python3 -m uvicorn --app-dir FOLDER fastapi_reference:app
"""

import os
import re
import time

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel
from redis.asyncio import Redis

BUCKET_S = 86_400
RETENTION = 2
FUTURE_S_MAX = 60
LAB_ID = re.compile(r"[A-Za-z0-9/_.-]{1,50}")

app = FastAPI()
redis = Redis.from_url(os.environ["REDIS_URL"])


class Observation(BaseModel):
    lab_id: str
    timestamp: float
    temp: float
    humidity: float


@app.post("/observation")
async def post_observation(observation: Observation) -> None:
    """Counts it in the hash of its lab and bucket; answers once Redis has."""
    if LAB_ID.fullmatch(observation.lab_id) is None:
        raise HTTPException(422, "no such lab_id")
    if observation.timestamp > time.time() + FUTURE_S_MAX:
        raise HTTPException(422, "the timestamp is in the future")
    start = int(observation.timestamp // BUCKET_S) * BUCKET_S
    bucket = f"bucket:{observation.lab_id}:{start}"
    pipeline = redis.pipeline()
    pipeline.hincrby(bucket, "count", 1)
    pipeline.hincrbyfloat(bucket, "temp", observation.temp)
    pipeline.hincrbyfloat(bucket, "humidity", observation.humidity)
    pipeline.expireat(bucket, start + RETENTION * BUCKET_S)
    await pipeline.execute()
