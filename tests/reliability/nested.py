"""Runs the scripts of nested.txt on asyncio and prints the file with what came of them.

    python3.13 nested.py < nested.txt

A line is a script, the seconds at which the main task is cancelled, and the outcomes: for
each block that was left, how, in which turn of the loop, and with how many cancel requests.
"""

import asyncio
import sys


class Loop(asyncio.SelectorEventLoop):
    """Virtual time, which jumps, and a count of turns."""

    def __init__(self):
        super().__init__()
        self.now = 0.0
        self.turns = 0
        really = self._selector.select

        def select(timeout):
            if timeout is None:
                raise RuntimeError("deadlock")
            self.now += max(timeout, 0)
            return really(0)

        self._selector.select = select

    def time(self):
        return self.now

    def _run_once(self):
        self.turns += 1
        super()._run_once()


def parse(words):
    word = words.pop(0)
    if word != "(":
        return word
    inside = []
    while words[0] != ")":
        inside.append(parse(words))
    words.pop(0)
    return inside


def name_of(error):
    if isinstance(error, TimeoutError):
        return "timeout"
    if isinstance(error, BaseExceptionGroup):
        return "[" + " ".join(map(name_of, error.exceptions)) + "]"
    return str(error)


class Script:
    def __init__(self):
        self.log = []

    def note(self, what):
        turn = asyncio.get_running_loop().turns
        self.log.append(f"{what}@{turn}/{asyncio.current_task().cancelling()}")

    async def block(self, name, op):
        try:
            await op
        except asyncio.CancelledError:
            self.note(f"{name}=cancelled")
            raise
        except Exception as error:
            self.note(f"{name}={name_of(error)}")
            raise
        self.note(f"{name}=ok")

    async def timeout(self, name, seconds, body):
        async with asyncio.timeout(int(seconds)):
            await self.run(body)

    async def group(self, name, children, body):
        async with asyncio.TaskGroup() as group:
            for child in children:
                group.create_task(self.run(child))
            await self.run(body)

    async def run(self, op):
        match op:
            case ["sleep", seconds]:
                await asyncio.sleep(int(seconds))
            case ["yield", times]:
                for _ in range(int(times)):
                    await asyncio.sleep(0)
            case ["never"]:
                await asyncio.get_running_loop().create_future()
            case ["fail", error]:
                raise ValueError(error)
            case ["seq", *ops]:
                for each in ops:
                    await self.run(each)
            case ["swallow", inner]:
                try:
                    await self.run(inner)
                except asyncio.CancelledError:
                    self.note("swallowed")
            case ["finally", inner, cleanup]:
                try:
                    await self.run(inner)
                finally:
                    await self.run(cleanup)
            case ["catch", inner]:
                try:
                    await self.run(inner)
                except Exception as error:
                    self.note(f"caught {name_of(error)}")
            case ["timeout", name, *_]:
                await self.block(name, self.timeout(*op[1:]))
            case ["group", name, *_]:
                await self.block(name, self.group(*op[1:]))


def outcomes(text, cancels):
    loop, script = Loop(), Script()
    op = parse(text.replace("(", " ( ").replace(")", " ) ").split())
    main = loop.create_task(script.block("main", script.run(op)))
    for at in cancels:
        loop.call_at(at, main.cancel)
    try:
        loop.run_until_complete(main)
    except (asyncio.CancelledError, Exception):
        pass
    loop.close()
    return " ".join(script.log)


for line in sys.stdin:
    text, cancels, *_ = (line.strip() + "||").split("|")
    seconds = [int(at) for at in cancels.split()]
    print(f"{text.strip()} | {cancels.strip()} | {outcomes(text, seconds)}")
