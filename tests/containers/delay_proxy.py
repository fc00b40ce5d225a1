"""A wire of a certain length: python3 delay_proxy.py PORT TO-PORT MILLISECONDS

Hands each connection to PORT on to TO-PORT of this machine. What either side sends arrives at the
other so much later, however much of it there is. Prints "ready" when it listens."""

import asyncio
import sys

_CHUNK = 65536
_ON_THE_WAY = 1024  # chunks of one direction; then the sender waits


async def carry(reader, writer, delay):
    loop = asyncio.get_running_loop()
    under_way = asyncio.Queue(_ON_THE_WAY)

    async def receive():
        try:
            while data := await reader.read(_CHUNK):
                await under_way.put((loop.time() + delay, data))
        except ConnectionError:
            pass
        await under_way.put((loop.time() + delay, b""))

    receiving = asyncio.create_task(receive())
    try:
        while True:
            due, data = await under_way.get()
            await asyncio.sleep(due - loop.time())
            if not data:
                break
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    receiving.cancel()
    writer.close()


async def main(port, to_port, milliseconds):
    async def connected(reader, writer):
        try:
            to_reader, to_writer = await asyncio.open_connection("127.0.0.1", to_port)
        except OSError:
            writer.close()
            return
        delay = milliseconds / 1000
        await asyncio.gather(carry(reader, to_writer, delay), carry(to_reader, writer, delay))

    server = await asyncio.start_server(connected, "0.0.0.0", port)
    print("ready", flush=True)
    await server.serve_forever()


asyncio.run(main(*map(int, sys.argv[1:])))
