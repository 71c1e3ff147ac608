import { describe, expect, it } from "vitest";
import { useBackends } from "../support/client-backend.js";
import { errorsOf, payloads, refusal, Told, useClients } from "../support/client-stage.js";

const SECRET = "a secret of more than thirty-two bytes, for tests";
const chat = { name: "Chat", events: [{ name: "message" }], defaultSubscriptions: ["message"] };

/** Connecting and disconnecting, who one is, and tokens. */
export function clientConnection(control: () => string): void {
  describe("the client's connection", () => {
    const backends = useBackends(control);
    const clients = useClients();

    it("connect and disconnect alternate; state is accurate throughout, rooms come back", async () => {
      const server = await backends.serve({ rooms: { chat } });
      const ada = clients.client(server, { auth: { userId: "ada" } });
      const told = new Told<string>();
      ada.onConnect(() => told.add(`connect ${ada.state}`));
      ada.onDisconnect((reason) => told.add(`${reason} ${ada.state}`));
      await ada.connect();
      const room = await ada.join("chat");
      const heard = payloads(room);
      for (let round = 0; round < 5; round++) {
        ada.disconnect();
        ada.disconnect();
        expect([ada.state, ada.connected]).toEqual(["disconnected", false]);
        const both = [ada.connect(), ada.connect()];
        expect([ada.state, ada.connected]).toEqual(["connecting", false]);
        await Promise.all(both);
        expect([ada.state, ada.connected, ada.userId]).toEqual(["connected", true, "ada"]);
        expect((await room.trigger("message", round)).isOk).toBe(true);
      }
      await ada.connect();
      expect(await heard.count(5)).toEqual([0, 1, 2, 3, 4]);
      expect(told.all).toEqual([
        "connect connected",
        ...Array(5).fill(["io client disconnect disconnected", "connect connected"]).flat(),
      ]);
      await expect(server.run(["connections"])).resolves.toMatchObject([[{ userId: "ada" }]]);
    });

    it("disconnect() while it connects: nothing comes of it", async () => {
      const server = await backends.serve({ rooms: { chat } });
      const ada = clients.client(server);
      const told = new Told<string>();
      ada.onConnect(() => told.add("connect"));
      ada.onDisconnect(() => told.add("disconnect"));
      for (let round = 0; round < 3; round++) {
        const connecting = refusal(ada.connect());
        const joining = refusal(ada.join("chat"));
        ada.disconnect();
        expect(await connecting).toMatchObject({ code: "DISCONNECTED" });
        expect(await joining).toMatchObject({ code: "DISCONNECTED" });
        expect(ada.state).toBe("disconnected");
      }
      await ada.connect();
      expect(told.all).toEqual(["connect"]);
    });

    it("autoConnect: it connects by itself, and requests wait for that", async () => {
      const server = await backends.serve({ rooms: { chat } });
      const ada = clients.client(server, { autoConnect: true });
      expect(ada.state).toBe("connecting");
      expect((await ada.join("chat")).roomId).toBe("chat");
      expect(ada.userId).not.toBe("");
    });

    it("auth as a function, sync or async, is asked at each connect", async () => {
      const server = await backends.serve({});
      for (const wait of [false, true]) {
        let asked = 0;
        const auth = () => ({ userId: `user-${++asked}` });
        const ada = clients.client(server, { auth: wait ? async () => auth() : auth });
        const names = new Told<string>();
        ada.onConnect(() => names.add(ada.userId));
        await ada.connect();
        await server.run(["cut"]);
        await names.count(2);
        ada.disconnect();
        await ada.connect();
        expect(names.all).toEqual(["user-1", "user-2", "user-3"]);
      }
    });

    it("a refused connect rejects, is reported, and is not tried again", async () => {
      const server = await backends.serve({ jwt: { secret: SECRET } });
      const ada = clients.client(server, { auth: { token: "nonsense" } });
      const errors = errorsOf(ada);
      const error = await refusal(ada.connect());
      expect(error).toMatchObject({ name: "DialogueError", code: "UNAUTHORIZED" });
      expect(ada.state).toBe("disconnected");
      expect(errors.all).toEqual([error]);
      const auto = clients.client(server, { autoConnect: true });
      const waiting = refusal(auto.listRooms());
      expect((await errorsOf(auto).count(1))[0]!.code).toBe("UNAUTHORIZED");
      expect((await waiting).code).toBe("UNAUTHORIZED");
    });

    it("a server whose authenticate fails is asked again later and later, as after a transport that failed", async () => {
      const server = await backends.serve({ faults: 3, rooms: { chat } });
      const ada = clients.client(server, { auth: { userId: "ada" }, timeout: 20_000 });
      const errors = errorsOf(ada);
      const connecting = ada.connect();
      const joining = ada.join("chat");
      await connecting;
      expect((await joining).roomId).toBe("chat");
      expect(ada.userId).toBe("ada");
      // The first of several that failed is reported.
      expect(errors.all.map(({ code, retryable }) => [code, retryable])).toEqual([["INTERNAL", false]]);
      const [asked] = await server.run(["asked"]);
      expect(asked.length).toBe(4);
    }, 30_000);

    it("a server whose authenticate always fails is given up after reconnectionAttempts, or at once", async () => {
      const server = await backends.serve({ faults: 1_000 });
      for (const [settings, tries] of [
        [{ reconnectionAttempts: 2 }, 3],
        [{ reconnection: false }, 1],
      ] as const) {
        const [before] = await server.run(["asked"]);
        const ada = clients.client(server, { auth: { userId: "ada" }, timeout: 20_000, ...settings });
        expect((await refusal(ada.connect())).code).toBe("INTERNAL");
        expect(ada.state).toBe("disconnected");
        const [after] = await server.run(["asked"]);
        expect(after.length - before.length).toBe(tries);
      }
    }, 30_000);

    it("an auth function that fails is reported and asked again; one that never settles has its time", async () => {
      const server = await backends.serve({});
      let asked = 0;
      const ada = clients.client(server, {
        timeout: 3_000,
        auth() {
          asked += 1;
          if (asked === 1) throw new Error("no token today");
          return asked === 2 ? new Promise<never>(() => {}) : { userId: "ada" };
        },
      });
      const errors = errorsOf(ada);
      const connected = new Told<string>();
      ada.onConnect(() => connected.add(ada.userId));
      const late = refusal(ada.connect());
      expect((await errors.count(1))[0]).toMatchObject({ code: "UNAUTHORIZED" });
      expect(errors.all[0]!.message).toContain("no token today");
      expect((await late).code).toBe("TIMEOUT");
      expect(await connected.count(1)).toEqual(["ada"]);
      expect(asked).toBe(3);
    });

    it("an auth that cannot be written down is reported, and escapes nowhere", async () => {
      const server = await backends.serve({});
      const circle: Record<string, unknown> = {};
      circle["self"] = circle;
      for (const auth of [circle, () => ({ number: 1n })]) {
        const ada = clients.client(server, { auth, reconnection: false });
        const errors = errorsOf(ada);
        expect(await refusal(ada.connect())).toMatchObject({
          code: "UNAUTHORIZED",
          message: expect.stringContaining("auth"),
        });
        expect([ada.state, errors.all.length]).toEqual(["disconnected", 1]);
      }
    });

    it("gives up after reconnectionAttempts, and can be told to connect again", async () => {
      const server = await backends.spawn({ rooms: { chat } });
      const ada = clients.client(server, { reconnectionAttempts: 2 });
      const errors = errorsOf(ada);
      await ada.connect();
      const room = await ada.join("chat");
      await server.stop();
      const waiting = room.trigger("message", 1);
      expect((await errors.count(1, 10_000))[0]).toMatchObject({ code: "DISCONNECTED", retryable: true });
      expect(await waiting).toMatchObject({ error: { code: "DISCONNECTED" } });
      expect(ada.state).toBe("disconnected");
      await server.again();
      await ada.connect();
      expect((await room.trigger("message", 2)).isOk).toBe(true);
    }, 20_000);

    it("reconnection: false means one try, and no second connection", async () => {
      const server = await backends.spawn({ rooms: { chat } });
      const ada = await clients.connect(server, "ada", { reconnection: false });
      const lost = new Told<string>();
      ada.onDisconnect(() => lost.add(ada.state));
      await server.stop();
      expect(await lost.count(1)).toEqual(["disconnected"]);
      expect(await refusal(ada.connect())).toMatchObject({ code: "DISCONNECTED" });
      expect(ada.state).toBe("disconnected");
    });

    it("connect() to nobody ends in its time, and the trying goes on", async () => {
      const server = await backends.spawn({});
      await server.stop();
      const ada = clients.client(server, { timeout: 500 });
      const errors = errorsOf(ada);
      const connected = new Told<true>();
      ada.onConnect(() => connected.add(true));
      expect(await refusal(ada.connect())).toMatchObject({ code: "TIMEOUT" });
      expect(ada.state).toBe("connecting");
      await server.again();
      await connected.count(1, 10_000);
      expect(errors.all.map(({ code }) => code)).toEqual(["DISCONNECTED"]);
    }, 20_000);

    it("sends a fresh token in place before one runs out", async () => {
      const server = await backends.serve({ jwt: { secret: SECRET }, rooms: { chat } });
      const sign = (seconds: number) => backends.sign({ sub: "ada" }, SECRET, seconds);
      const given = new Told<number>();
      const ada = clients.client(server, {
        async auth() {
          const seconds = given.all.length === 0 ? 6 : 3_600;
          const token = await sign(seconds);
          given.add(seconds);
          return { token };
        },
      });
      const connects = new Told<true>();
      ada.onConnect(() => connects.add(true));
      await ada.connect();
      // Another one with such a token, who has no fresh one: when it is sent away, the first token has run out.
      const bob = clients.client(server, { auth: { token: await sign(6) } });
      const [lost, errors] = [new Told<string>(), errorsOf(bob)];
      bob.onDisconnect((reason) => lost.add(`${reason} ${bob.state}`));
      await bob.connect();
      expect(await lost.count(1, 10_000)).toEqual(["io server disconnect disconnected"]);
      expect(errors.all.map(({ code }) => code)).toEqual(["TOKEN_EXPIRED"]);
      expect(given.all).toEqual([6, 3_600]);
      expect((await ada.listRooms()).length).toBe(1);
      expect([ada.state, connects.all.length]).toEqual(["connected", 1]);
    }, 20_000);

    it("where no fresh token could be had in time, it comes back with the next", async () => {
      const server = await backends.serve({ jwt: { secret: SECRET }, rooms: { chat } });
      let asked = 0;
      const connects = new Told<true>();
      const lost = new Told<string>();
      const ada = clients.client(server, {
        async auth() {
          asked += 1;
          if (asked > 1 && lost.all.length === 0) throw new Error("nobody signs");
          return { token: await backends.sign({ sub: "ada" }, SECRET, asked === 1 ? 5 : 3_600) };
        },
      });
      const errors = errorsOf(ada);
      ada.onConnect(() => connects.add(true));
      ada.onDisconnect((reason) => lost.add(`${reason} ${ada.state}`));
      await ada.connect();
      const room = await ada.join("chat");
      await connects.count(2, 15_000);
      expect(lost.all).toEqual(["io server disconnect connecting"]);
      expect(errors.all[0]).toMatchObject({ code: "UNAUTHORIZED" });
      expect(errors.all.at(-1)).toMatchObject({ code: "TOKEN_EXPIRED" });
      expect((await room.trigger("message", 1)).isOk).toBe(true);
    }, 20_000);
  });
}
