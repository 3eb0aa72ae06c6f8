"""Coroutines under test, run to their end."""

import asyncio


def awaited(coroutine):
    """Return what the coroutine returns, on a loop of its own.

    A browser that other tests opened keeps its loop in this thread and looks like a running one: it is set aside.
    """
    before = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    try:
        return asyncio.run(coroutine)
    finally:
        asyncio._set_running_loop(before)
