import type { Namespace, Socket } from "socket.io";
import { describe, expect, it } from "vitest";
import { ChildProgram } from "../support/child-program.js";
import { eventually, within } from "../support/deadline.js";
import type { Reach, ServedIo } from "../support/io.js";
import { next, useIo } from "../support/io-stage.js";

const COUNT = 6;
const NAMESPACES = ["/", "/a"];

function block(milliseconds: number): void {
  const until = Date.now() + milliseconds;
  while (Date.now() < until);
}

/** How many are there, by all that a program can ask, of those in `room`. */
function counts(namespace: Namespace, room: string): number[] {
  const { adapter, sockets } = namespace;
  const found: unknown[] = [];
  namespace.fetchSockets().then((all) => found.push(...all));
  return [
    adapter.rooms.get(room)?.size ?? 0,
    [...(adapter.rooms.get(room) ?? [])].length,
    sockets.size,
    [...sockets.keys()].length,
    adapter.sids.size,
  ];
}

const fives = (n: number) => Array(5).fill(n) as number[];

/** What a program sees of those who come and go, while other threads have already seen more. */
export function ioInStep(reach: Reach): void {
  describe(`io, in step with its events (${reach.name})`, () => {
    const stage = useIo(reach);

    async function crowd(server: ServedIo, nsp: string, leaves = "disconnect"): Promise<ChildProgram> {
      const environment = { URL: server.url + nsp, TRANSPORT: reach.transport, LEAVES: leaves };
      const program = new ChildProgram("crowd.mjs", { ...environment, COUNT: String(COUNT) });
      stage.atEnd(() => program.kill());
      return program;
    }

    for (const nsp of NAMESPACES) {
      it(`in ${nsp} a newcomer is in no count, and gets nothing, until its own connection is told`, async () => {
        const server = await stage.serve();
        const namespace = server.io.of(nsp);
        const seen: unknown[] = [];
        const here: string[] = [];
        const awaited: unknown[] = [];
        const rooms: string[] = [];
        namespace.adapter.on("create-room", (room: string) => void rooms.push(room));
        namespace.on("connection", (socket) => {
          if (here.length === 0) block(700);
          const order = here.push(socket.id);
          namespace.fetchSockets().then(async (all) => {
            await undefined;
            awaited.push([all.length - order, namespace.sockets.size - order]);
          });
          expect([...namespace.sockets.keys()]).toEqual(here);
          expect(rooms.filter((room) => room !== "crowd")).toEqual(here);
          socket.join("crowd");
          seen.push(counts(namespace, "crowd"));
          socket.emit("list", here);
          socket.broadcast.emit("joined", socket.id);
        });
        const program = await crowd(server, nsp);
        await program.line("connected");
        await eventually(() => here.length === COUNT, "every connection");
        expect(seen).toEqual(Array.from({ length: COUNT }, (_, n) => fives(n + 1)));
        expect(awaited).toEqual(Array(COUNT).fill([0, 0]));
        expect((await namespace.in("crowd").fetchSockets()).map(({ id }) => id)).toEqual(here);
        namespace.emit("report");
        expect(await program.line("twice")).toEqual({ twice: 0, early: 0 });
      });

      for (const leaves of ["disconnect", "close"]) {
        it(`in ${nsp} those who leave at once by ${leaves} go one by one, each with its own disconnect`, async () => {
          const server = await stage.serve();
          const namespace = server.io.of(nsp);
          const seen: unknown[] = [];
          const connections: number[] = [];
          const awaited: unknown[] = [];
          const left = new Set<string>();
          let emptied = 0;
          namespace.on("connection", (socket) => {
            socket.join("crowd");
            socket.on("disconnecting", () => {
              const { connected, rooms } = socket;
              seen.push([...counts(namespace, "crowd"), connected, [...rooms]]);
              expect(namespace.sockets.get(socket.id)).toBe(socket);
            });
            socket.on("disconnect", async () => {
              const there = await namespace.fetchSockets();
              awaited.push([there.length, namespace.sockets.size]);
            });
            socket.on("disconnect", () => {
              left.add(socket.id);
              seen.push([...counts(namespace, "crowd"), socket.connected, [...socket.rooms]]);
              connections.push(server.io.engine.clientsCount);
              if ((namespace.adapter.rooms.get("crowd")?.size ?? 0) === 0) emptied++;
              expect(namespace.sockets.get(socket.id)).toBe(undefined);
              expect([...namespace.sockets.keys()].some((id) => left.has(id))).toBe(false);
              for (const other of namespace.sockets.values())
                expect([other.rooms.has("crowd"), other.rooms.size]).toEqual([true, 2]);
            });
          });
          const program = await crowd(server, nsp, leaves);
          await program.line("connected");
          await eventually(() => namespace.sockets.size === COUNT, "every connection");
          const ids = [...namespace.sockets.keys()];
          namespace.emit("leave");
          block(500);
          await eventually(() => awaited.length === COUNT, "every end");
          expect(awaited).toEqual(Array.from({ length: COUNT }, (_, n) => Array(2).fill(COUNT - n - 1)));
          const order = [...left];
          expect(order.toSorted()).toEqual(ids.toSorted());
          const expected = order.flatMap((id, n) => [
            [...fives(COUNT - n), true, [id, "crowd"]],
            [...fives(COUNT - n - 1), false, []],
          ]);
          expect(seen).toEqual(expected);
          expect(emptied).toBe(1);
          // A connection may be there for longer than the socket on it, and for no shorter.
          for (const [n, count] of connections.entries()) expect(count).toBeGreaterThanOrEqual(COUNT - n - 1);
        });
      }

      it(`in ${nsp} those whom the program sends away go one by one too`, async () => {
        const server = await stage.serve();
        const namespace = server.io.of(nsp);
        const seen: unknown[] = [];
        for (let n = 0; n < 3; n++) {
          const { socket } = await stage.pair(server, nsp);
          socket.join("crowd");
          for (const event of ["disconnecting", "disconnect"] as const)
            socket.on(event, () => void seen.push([event, ...counts(namespace, "crowd")]));
        }
        namespace.in("crowd").disconnectSockets();
        expect(seen).toEqual(
          [3, 2, 1].flatMap((n) => [
            ["disconnecting", ...fives(n)],
            ["disconnect", ...fives(n - 1)],
          ]),
        );
      });

      it(`in ${nsp} those who are there when the server stops go one by one too`, async () => {
        const server = await stage.serve();
        const namespace = server.io.of(nsp);
        const seen: unknown[] = [];
        const ends: Promise<unknown>[] = [];
        for (let n = 0; n < 3; n++) {
          const { socket } = await stage.pair(server, nsp);
          socket.join("crowd");
          for (const event of ["disconnecting", "disconnect"] as const)
            socket.on(event, () => void seen.push([event, ...counts(namespace, "crowd")]));
          ends.push(next(socket, "disconnect"));
        }
        await server.stop();
        await Promise.all(ends);
        expect(seen).toEqual(
          [3, 2, 1].flatMap((n) => [
            ["disconnecting", ...fives(n)],
            ["disconnect", ...fives(n - 1)],
          ]),
        );
      });

      it(`in ${nsp} middleware counts those who are in, and not the one who asks`, async () => {
        const server = await stage.serve();
        const namespace = server.io.of(nsp);
        const seen: unknown[] = [];
        namespace.use((socket, proceed) => {
          socket.join("early");
          seen.push([namespace.sockets.size, namespace.sockets.has(socket.id), socket.rooms.has("early")]);
          proceed();
        });
        namespace.on("connection", (socket) => void seen.push([namespace.sockets.size, [...socket.rooms]]));
        const { socket } = await stage.pair(server, nsp);
        const second = await stage.pair(server, nsp);
        const first = [0, false, true];
        expect(seen.map((each) => JSON.stringify(each))).toEqual(
          [first, [1, [...socket.rooms]], [1, false, true], [2, [...second.socket.rooms]]].map((each) =>
            JSON.stringify(each),
          ),
        );
        expect([...namespace.adapter.rooms.get("early")!]).toEqual([socket.id, second.socket.id]);
      });

      // In `/` of `dialogue.io` a newcomer counts when Dialogue's hooks are told of its client: which may be behind the next request.
      if (nsp !== "/" || !reach.name.startsWith("dialogue.io"))
        it(`in ${nsp} middleware that awaits lets no more in than it counts`, async () => {
          const server = await stage.serve();
          const namespace = server.io.of(nsp);
          namespace.use(async (_socket, next) => {
            const there = await namespace.fetchSockets();
            next(there.length >= 2 ? new Error("full") : undefined);
          });
          namespace.on("connection", () => {});
          for (let round = 0; round < 5; round++) {
            const clients = Array.from({ length: 8 }, () => stage.client(server, nsp));
            const outcomes = await Promise.all(
              clients.map(
                ({ socket }) =>
                  new Promise<string>((resolve) => {
                    socket.once("connect", () => resolve("in"));
                    socket.once("connect_error", (error) => resolve(error.message));
                    socket.connect();
                  }),
              ),
            );
            expect(outcomes.sort()).toEqual([...Array(6).fill("full"), "in", "in"]);
            for (const client of clients) client.close();
            await eventually(() => namespace.sockets.size === 0, "all are gone");
          }
        });

      it(`in ${nsp} what a listener awaits goes on before another connection's event`, async () => {
        const server = await stage.serve();
        const namespace = server.io.of(nsp);
        namespace.on("connection", (socket) => {
          socket.on("enter", async (room: string, answer: (entered: boolean) => void) => {
            const there = await namespace.in(room).fetchSockets();
            if (there.length < 2) socket.join(room);
            answer(there.length < 2);
          });
        });
        const clients = await Promise.all(Array.from({ length: 4 }, () => stage.connect(server, nsp)));
        for (let round = 0; round < 30; round++) {
          const entered = await Promise.all(
            clients.map(({ socket }) => socket.emitWithAck("enter", `room-${round}`)),
          );
          expect(entered.filter(Boolean)).toHaveLength(2);
        }
      });

      it(`in ${nsp} socket.rooms is a Set that moves with its socket`, async () => {
        const server = await stage.serve();
        const { socket } = await stage.pair(server, nsp);
        const { rooms } = socket;
        expect(rooms).toEqual(new Set([socket.id]));
        expect(Object.getPrototypeOf(rooms) === Set.prototype).toBe(true);
        socket.join(["x", "y"]);
        expect([...rooms]).toEqual([socket.id, "x", "y"]);
        server.io.of(nsp).in("x").socketsJoin("z");
        server.io.of(nsp).in("z").socketsLeave(["x", "z"]);
        socket.leave("y");
        socket.join("w");
        expect([[...rooms], socket.rooms === rooms]).toEqual([[socket.id, "w"], true]);
      });
    }

    it("in disconnecting a socket joins and leaves rooms, which are over with it", async () => {
      const server = await stage.serve();
      const { io } = server;
      const seen: unknown[] = [];
      const { adapter } = io.of("/a");
      const size = (room: string) => adapter.rooms.get(room)?.size ?? 0;
      io.of("/a").on("connection", (socket) => {
        void socket.join(["one", "two"]);
        socket.on("disconnecting", () => {
          void socket.join("late");
          io.of("/a").in(socket.id).socketsJoin("later");
          void socket.leave("one");
          seen.push([...socket.rooms].slice(1), ["one", "two", "late", "later"].map(size));
          seen.push([...adapter.sids.get(socket.id)!].slice(1));
        });
        socket.on("disconnect", () => seen.push([...socket.rooms], adapter.rooms.size));
      });
      (await stage.connect(server, "/a")).close();
      await eventually(() => seen.length === 5, "it is gone");
      expect(seen).toEqual([["two", "late", "later"], [0, 1, 1, 1], ["two", "late", "later"], [], 0]);
    });

    it("an adapter says who is in rooms, in which rooms one is, and how many servers there are", async () => {
      const server = await stage.serve();
      const { adapter } = server.io.of("/a");
      const ids: string[] = [];
      server.io.of("/a").on("connection", (socket) => {
        ids.push(socket.id);
        void socket.join(["all", `only-${ids.length}`]);
      });
      for (let n = 0; n < 3; n++) await stage.connect(server, "/a");
      await eventually(() => ids.length === 3, "three are there");
      expect(await adapter.sockets(new Set())).toEqual(new Set(ids));
      expect(await adapter.sockets(new Set(["only-1", "only-3", "none"]))).toEqual(new Set([ids[0], ids[2]]));
      expect(new Set(adapter.socketRooms(ids[1]!))).toEqual(new Set([ids[1], "all", "only-2"]));
      expect(adapter.socketRooms("nobody")).toBeUndefined();
      expect(await adapter.serverCount()).toBe(1);
    });

    it("adapter.rooms and adapter.sids are Maps of Sets, as they are at the moment", async () => {
      const server = await stage.serve();
      const namespace = server.io.of("/a");
      const { adapter } = namespace;
      const one = (await stage.pair(server, "/a")).socket;
      const two = (await stage.pair(server, "/a")).socket;
      const { rooms, sids } = adapter;
      one.join(["x", "y"]);
      two.join("x");
      const x = rooms.get("x")!;
      expect([rooms instanceof Map, sids instanceof Map, x instanceof Set]).toEqual([true, true, true]);
      expect(x).toEqual(new Set([one.id, two.id]));
      expect(new Set([one.id, two.id])).toEqual(x);
      expect(sids.get(one.id)).toEqual(new Set([one.id, "x", "y"]));
      expect([rooms.size, sids.size, x.size, x.has(one.id), x.has("no")]).toEqual([4, 2, 2, true, false]);
      expect([rooms.has("x"), rooms.has("no"), rooms.get("no"), sids.get("no")]).toEqual([
        ...[true, false],
        ...[undefined, undefined],
      ]);
      expect([...rooms].map(([room, ids]) => [room, [...ids]]).toSorted()).toEqual(
        [
          [one.id, [one.id]],
          [two.id, [two.id]],
          ["x", [one.id, two.id]],
          ["y", [one.id]],
        ].toSorted(),
      );
      const visited: unknown[] = [];
      sids.forEach((set, id, map) => void visited.push([id, set.size, map === sids]));
      x.forEach((id, same, set) => void visited.push([id === same, set === x]));
      expect(visited).toEqual([[one.id, 3, true], [two.id, 2, true], ...Array(2).fill([true, true])]);
      if ("union" in x) {
        const union = (x as unknown as { union(other: Set<string>): Set<string> }).union(new Set(["more"]));
        expect(union).toEqual(new Set([one.id, two.id, "more"]));
      }
      two.leave("x");
      expect([x.size, [...x.values()], [...x.entries()]]).toEqual([1, [one.id], [[one.id, one.id]]]);
      // A socket's own room, with another in it, is one room.
      two.join(one.id);
      expect([rooms.get(one.id), rooms.size]).toEqual([new Set([one.id, two.id]), 4]);
    });

    it("what one looks at costs little, however many rooms there are", async () => {
      const server = await stage.serve();
      const namespace = server.io.of("/a");
      const { socket } = await stage.pair(server, "/a");
      const spent = (work: (n: number) => unknown) => {
        const began = performance.now();
        for (let n = 0; n < 500; n++) expect(Boolean(work(n))).toBe(true);
        return performance.now() - began;
      };
      socket.join(Array.from({ length: 10_000 }, (_, n) => `room-${n}`));
      const { adapter, sockets } = namespace;
      const looks = {
        size: (n: number) => adapter.rooms.get(`room-${n}`)?.size === 1,
        member: (n: number) => adapter.rooms.get(`room-${n}`)?.has(socket.id),
        sids: (n: number) => adapter.sids.get(socket.id)?.has(`room-${n}`),
        rooms: (n: number) => socket.rooms.has(`room-${n}`),
        socket: () => sockets.get(socket.id),
      };
      // Were all rooms read each time, this would take seconds.
      for (const [name, look] of Object.entries(looks))
        expect([name, spent(look) < 1_000]).toEqual([name, true]);
    });
  });
}

/** An event and a listener of one turn find each other, whichever is first. */
export function ioListensLate(reach: Reach): void {
  describe(`io, listeners that come after the event (${reach.name})`, () => {
    const stage = useIo(reach);

    for (const nsp of NAMESPACES) {
      it(`in ${nsp}, in the turn in which a client of the same process sends`, async () => {
        const { client, socket } = await stage.pair(await stage.serve(), nsp);
        for (let n = 0; n < 50; n++) {
          client.socket.emit("n", n);
          expect(await next(socket, "n")).toBe(n);
        }
        client.socket.emit("n", 50, [Buffer.from([1, 2])]);
        block(20);
        const all = new Promise<unknown[]>((resolve) => socket.once("n", (...args) => resolve(args)));
        const [n, [bytes]] = (await within(all, "the event")) as [number, [Buffer]];
        expect([n, [...bytes]]).toEqual([50, [1, 2]]);
        const answer = client.ask("asks", 1);
        socket.once("asks", (value, answers) => answers(value + 1));
        expect(await answer).toBe(2);
        client.socket.emit("any", 1);
        const any = new Promise((resolve) => {
          socket.onAny((event, value) => {
            socket.offAny();
            resolve([event, value]);
          });
        });
        expect(await within(any, "onAny")).toEqual(["any", 1]);
      });

      it(`in ${nsp}, behind some work after the question that it answers`, async () => {
        const server = await stage.serve();
        const asked = next<Socket>(server.io.of(nsp), "connection");
        const program = new ChildProgram("answers.mjs", {
          URL: server.url + nsp,
          TRANSPORT: reach.transport,
        });
        stage.atEnd(() => program.kill());
        const socket = await asked;
        await program.line("connected");
        for (let n = 0; n < 5; n++) {
          socket.emit("question", n);
          block(150);
          const heard: number[] = [];
          socket.on("part", (part: number) => void heard.push(part));
          expect(await next(socket, "answer")).toBe(n);
          socket.removeAllListeners("part");
          expect(heard).toEqual([0, 1, 2]);
        }
      });
    }
  });
}
