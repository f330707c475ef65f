"""asyncio and uvloop: the same workloads, reported as the Rust runtimes do.

usage: python py_rival.py asyncio|uvloop WORKLOAD N
"""

import asyncio
import concurrent.futures
import gc
import importlib
import os
import socket
import sys
import threading
import time

BATCH = 1000


class Rng:
    """xorshift64*, as in parts.rs."""

    def __init__(self):
        self.state = 0x9E3779B97F4A7C15

    def get(self):
        mask = (1 << 64) - 1
        s = self.state
        s ^= s >> 12
        s ^= (s << 25) & mask
        s ^= s >> 27
        self.state = s
        return (s * 0x2545F4914F6CDD1D) & mask


class Meter:
    def __init__(self):
        self.cpu = time.process_time_ns()
        self.wall = time.perf_counter_ns()

    def stop(self, ops, **extra):
        """Reports, and ends the process without tearing anything down."""
        wall = time.perf_counter_ns() - self.wall
        cpu = time.process_time_ns() - self.cpu
        line = f'{{"ops":{ops},"wall_ns":{wall},"cpu_ns":{cpu}'
        line += "".join(f',"{k}":{v:.3f}' for k, v in extra.items())
        print(line + "}", flush=True)
        os._exit(0)


# ---- tasks


async def spawn_join(n):
    async def job(v):
        return v

    loop = asyncio.get_running_loop()
    total = 0
    for b in range(n // BATCH):
        tasks = [loop.create_task(job(b * BATCH + i)) for i in range(BATCH)]
        for t in tasks:
            total += await t
    assert total == n * (n - 1) // 2


async def spawn_detached(n):
    ran = 0

    async def job():
        nonlocal ran
        ran += 1

    loop = asyncio.get_running_loop()
    for b in range(1, n // BATCH + 1):
        for _ in range(BATCH):
            loop.create_task(job())
        while ran < b * BATCH:
            await asyncio.sleep(0)
    assert ran == n


async def yield_one(n):
    for _ in range(n):
        await asyncio.sleep(0)


async def yield_many(n):
    async def job(k):
        count = 0
        for _ in range(k):
            await asyncio.sleep(0)
            count += 1
        return count

    assert sum(await asyncio.gather(*[job(n // BATCH) for _ in range(BATCH)])) == n


# ---- wakes


async def pingpong(n):
    a, b = asyncio.Queue(1), asyncio.Queue(1)

    async def echo():
        while (v := await a.get()) >= 0:
            await b.put(v + 1)

    task = asyncio.create_task(echo())
    v = 0
    for _ in range(n):
        await a.put(v)
        v = await b.get()
    assert v == n
    await a.put(-1)
    await task


async def oneshot_chain(n):
    loop = asyncio.get_running_loop()

    async def link(previous, tx):
        tx.set_result(await previous + 1)

    for _ in range(n // BATCH):
        first = previous = loop.create_future()
        tasks = []
        for _ in range(BATCH):
            following = loop.create_future()
            tasks.append(loop.create_task(link(previous, following)))
            previous = following
        await asyncio.sleep(0)
        first.set_result(0)
        assert await previous == BATCH


async def fanout_event(n):
    events = [asyncio.Event() for _ in range(n // BATCH)]
    waiting = woken = 0

    async def job():
        nonlocal waiting, woken
        for e in events:
            waiting += 1
            await e.wait()
            woken += 1

    tasks = [asyncio.create_task(job()) for _ in range(BATCH)]
    for r, e in enumerate(events, 1):
        while waiting < r * BATCH:
            await asyncio.sleep(0)
        e.set()
    while woken < n:
        await asyncio.sleep(0)
    assert woken == n and len(tasks) == BATCH


# ---- timers


async def timers_fire(n):
    rng = Rng()
    window = n * 2
    delays = [(window // 4 + rng.get() % (window * 3 // 4)) / 1e6 for _ in range(n)]
    loop = asyncio.get_running_loop()
    left = n
    done = loop.create_future()

    async def job(d):
        nonlocal left
        await asyncio.sleep(d)
        left -= 1
        if left == 0:
            done.set_result(None)

    gc.collect()
    m = Meter()
    tasks = [loop.create_task(job(d)) for d in delays]
    await done
    assert left == 0 and len(tasks) == n
    m.stop(n)


async def timers_cancel(n, live=0):
    rng = Rng()
    loop = asyncio.get_running_loop()
    nop = lambda: None
    others = [loop.call_later(60 + rng.get() % 60000 / 1000, nop) for _ in range(live)]
    delays = [30 + (rng.get() & 1023) / 1000 for _ in range(BATCH)]
    gc.collect()
    gc.freeze()

    async def go(n):
        for _ in range(n // BATCH):
            handles = [loop.call_later(d, nop) for d in delays]
            for h in handles:
                h.cancel()
            await asyncio.sleep(0)

    await go(max(n // 10, BATCH))
    m = Meter()
    await go(n)
    assert len(others) == live
    m.stop(n)


async def timers_live1m(n):
    await timers_cancel(n, 1_000_000)


async def timeout_yield(n):
    in_time = 0
    for _ in range(n):
        async with asyncio.timeout(30):
            await asyncio.sleep(0)
            in_time += 1
    assert in_time == n


def switches():
    """Voluntary context switches of all threads: each is a wake-up later."""
    count = 0
    for t in os.listdir("/proc/self/task"):
        with open(f"/proc/self/task/{t}/status") as f:
            count += sum(int(l.split()[1]) for l in f if l.startswith("voluntary"))
    return count


async def idle(n):
    await asyncio.sleep(0.05)
    before, t = switches(), time.perf_counter()
    m = Meter()
    for _ in range(n):
        await asyncio.sleep(1)
    m.stop(n, wakeups_per_s=(switches() - before) / (time.perf_counter() - t))


# ---- callbacks


async def callbacks(n):
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    count = 0

    def one():
        nonlocal count
        count += 1

    def last():
        one()
        if count < n:
            batch()
        else:
            done.set_result(None)

    def batch():
        soon = loop.call_soon
        for _ in range(BATCH - 1):
            soon(one)
        soon(last)

    batch()
    await done
    assert count == n


# ---- threads


async def xthread_cross(n):
    await round_trips(n, 1)


async def xthread_same(n):
    await round_trips(n, 0)


async def round_trips(n, core):
    loop = asyncio.get_running_loop()
    go = threading.Semaphore(0)
    future = None

    def done():
        future.set_result(None)

    def work():
        os.sched_setaffinity(0, {core})
        for _ in range(n):
            go.acquire()
            loop.call_soon_threadsafe(done)

    thread = threading.Thread(target=work)
    thread.start()
    for _ in range(n):
        future = loop.create_future()
        go.release()
        await future
    thread.join()


async def blocking_rtt(n):
    loop = asyncio.get_running_loop()
    loop.set_default_executor(concurrent.futures.ThreadPoolExecutor(4))
    total = 0
    for i in range(n):
        total += await loop.run_in_executor(None, lambda: i)
    assert total == n * (n - 1) // 2


async def blocking_tput(n):
    loop = asyncio.get_running_loop()
    pool = concurrent.futures.ThreadPoolExecutor(4)
    total = 0
    for b in range(n // BATCH):
        jobs = [loop.run_in_executor(pool, int, b * BATCH + i) for i in range(BATCH)]
        for j in jobs:
            total += await j
    assert total == n * (n - 1) // 2


# ---- TCP


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport
        s = transport.get_extra_info("socket")
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data):
        self.transport.write(data)


class Sink(asyncio.BufferedProtocol):
    def connection_made(self, transport):
        self.transport, self.total = transport, 0
        self.buffer = memoryview(bytearray(65536))

    def get_buffer(self, hint):
        return self.buffer

    def buffer_updated(self, k):
        self.total += k

    def eof_received(self):
        self.transport.write(self.total.to_bytes(8, "little"))
        return False


class Accept(asyncio.Protocol):
    def connection_made(self, transport):
        transport.close()


async def serve(protocol):
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    loop = asyncio.get_running_loop()
    server = await loop.create_server(protocol, sock=s, backlog=4096)
    print("LISTEN", s.getsockname()[1], flush=True)
    await server.serve_forever()


# ----

WARMED = [
    spawn_join, spawn_detached, yield_one, yield_many,
    pingpong, oneshot_chain, fanout_event,
    timeout_yield, callbacks,
    xthread_cross, xthread_same, blocking_rtt, blocking_tput,
]  # fmt: skip
# these measure and report by themselves
WHOLE = [timers_fire, timers_cancel, timers_live1m, idle]
SERVERS = {"serve_echo": Echo, "serve_sink": Sink, "serve_accept": Accept}


async def main(name, n):
    if name in SERVERS:
        await serve(SERVERS[name])
    for f in WHOLE:
        if f.__name__ == name:
            await f(n)
    for f in WARMED:
        if f.__name__ == name:
            await f(max(n // 10 // BATCH * BATCH, BATCH))
            gc.collect()
            m = Meter()
            await f(n)
            m.stop(n)
    print("n/a: not offered", flush=True)


if __name__ == "__main__":
    rival, name, n = sys.argv[1:]
    importlib.import_module(rival).run(main(name, int(n)))
