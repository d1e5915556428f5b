"""The process's one subscription to the channel, held and found again."""

import asyncio

import redis.asyncio
import structlog
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from accounts.announcing import REST_SECONDS, broker_url, channel
from helpdesk.live.hub import Hub

log = structlog.get_logger(__name__)

# Without traffic the broker is asked this often whether it is there, and has as long to answer.
PING_SECONDS = 5.0
AGAIN_SECONDS = 0.5


async def listen(hub: Hub) -> None:
    """Hear the channel for ever; while it is lost the streams know."""
    while True:
        # No time limit on the socket: silence is the normal state of a channel.
        client = redis.asyncio.Redis.from_url(
            broker_url(), socket_timeout=None, socket_connect_timeout=2, retry=Retry(NoBackoff(), 0)
        )
        try:
            async with client.pubsub() as pubsub:
                await pubsub.subscribe(channel())
                await _hear(pubsub, hub)
        except (RedisError, OSError):
            hub.paused()
        except Exception as error:
            # A fault of ours must not leave streams that look alive and hear nothing.
            log.error("listening failed", fault=type(error).__name__)
            hub.paused()
        finally:
            await client.aclose()
        await asyncio.sleep(AGAIN_SECONDS)


async def _hear(pubsub: PubSub, hub: Hub) -> None:
    """Pass on what comes; raises TimeoutError when the broker does not answer, and what redis-py raises."""
    asked = False
    while True:
        message = await pubsub.get_message(timeout=PING_SECONDS)
        if message is None:
            if asked:
                raise TimeoutError
            await pubsub.ping()
            asked = True
            continue
        asked = False
        if message["type"] == "message":
            hub.heard(message["data"])
        elif message["type"] == "subscribe":
            was_lost = not hub.listening.is_set()
            hub.resumed()
            if was_lost:
                # Processes that were turned away say nothing for a moment longer than the broker was lost.
                asyncio.get_running_loop().call_later(REST_SECONDS + 1, hub.resync)
