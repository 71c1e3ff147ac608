import { createDialogue, type DialogueConfig, DialogueError, Ok, signJwt, verifyJwt } from "dialogue-rs";
import { describe, expect, it } from "vitest";
import { recordingLogger } from "../support/recording-logger.js";

const room = { name: "Chat", events: [] };

/** What is wrong, and the path of the field that the message must start with. Typed loosely: these are the configs types would refuse. */
const WRONG: [what: string, config: unknown, path: string][] = [
  ["no config", undefined, ""],
  ["a config that is no object", "rooms", ""],
  ["no rooms", {}, "rooms"],
  ["rooms that are no record", { rooms: "chat" }, "rooms"],
  ["a room that is no object", { rooms: { chat: 5 } }, "rooms.chat"],
  ["a room without a name", { rooms: { chat: { events: [] } } }, "rooms.chat.name"],
  ["a room without events", { rooms: { chat: { name: "Chat" } } }, "rooms.chat.events"],
  ["maxSize 0", { rooms: { chat: { ...room, maxSize: 0 } } }, "rooms.chat.maxSize"],
  ["maxSize 1.5", { rooms: { chat: { ...room, maxSize: 1.5 } } }, "rooms.chat.maxSize"],
  ["maxSize -1", { rooms: { chat: { ...room, maxSize: -1 } } }, "rooms.chat.maxSize"],
  ["maxSize NaN", { rooms: { chat: { ...room, maxSize: Number.NaN } } }, "rooms.chat.maxSize"],
  ["maxSize a string", { rooms: { chat: { ...room, maxSize: "50" } } }, "rooms.chat.maxSize"],
  ["an event without a name", { rooms: { chat: { ...room, events: [{}] } } }, "rooms.chat.events"],
  [
    "a history limit of 0",
    { rooms: { chat: { ...room, events: [{ name: "m", history: { enabled: true, limit: 0 } }] } } },
    "rooms.chat.events",
  ],
  [
    "defaultSubscriptions no list",
    { rooms: { chat: { ...room, defaultSubscriptions: "message" } } },
    "rooms.chat.defaultSubscriptions",
  ],
  [
    "syncHistoryOnJoin -1",
    { rooms: { chat: { ...room, syncHistoryOnJoin: -1 } } },
    "rooms.chat.syncHistoryOnJoin",
  ],
  ["a room in a list without an id", { rooms: [room] }, "rooms"],
  [
    "the same id twice",
    {
      rooms: [
        { id: "a", ...room },
        { id: "a", ...room },
      ],
    },
    "rooms",
  ],
  ["half a character as a room's id", { rooms: { "\ud800": room } }, "rooms"],
  ["the same in a list", { rooms: [{ id: "\ud800", ...room }] }, "rooms[0].id"],
  ["a port out of range", { rooms: {}, port: 65_536 }, "port"],
  ["a port that is a string", { rooms: {}, port: "3000" }, "port"],
  ["a host that is no string", { rooms: {}, host: 5 }, "host"],
  [
    "a hook that is no function",
    { rooms: {}, hooks: { clients: { onConnected: "yes" } } },
    "hooks.clients.onConnected",
  ],
  [
    "a hook that is no function, at the top level",
    { rooms: {}, hooks: { authenticate: true } },
    "hooks.authenticate: must be a function",
  ],
  [
    "a hook that is misspelt",
    { rooms: {}, hooks: { clients: { beforejoin: () => Ok() } } },
    "hooks.clients.beforejoin: no such hook; there are beforeJoin, onConnected, onDisconnected, onJoined, onLeft; did you mean beforeJoin?",
  ],
  ["a group of hooks that is misspelt", { rooms: {}, hooks: { client: {} } }, "hooks.client: no such hook"],
  ["a hook in the wrong group", { rooms: {}, hooks: { beforeJoin: () => Ok() } }, "hooks.beforeJoin"],
  [
    "a hook in another wrong group",
    { rooms: {}, hooks: { clients: { authenticate: () => Ok() } } },
    "hooks.clients.authenticate",
  ],
  [
    "two ways to authenticate",
    { rooms: {}, hooks: { authenticate: () => Ok(), socket: { authenticate: () => Ok() } } },
    "hooks.authenticate: is another than hooks.socket.authenticate",
  ],
  ["a logger without methods", { rooms: {}, logger: {} }, "logger"],
  ["an app without fetch", { rooms: {}, app: {} }, "app"],
  ["credentials for any origin", { rooms: {}, cors: { origin: "*", credentials: true } }, "cors"],
  [
    "credentials for any origin, said otherwise",
    { rooms: {}, cors: { origin: true, credentials: true } },
    "cors",
  ],
  ["an origin with a path", { rooms: {}, cors: { origin: "https://a.example/app" } }, "cors.origin"],
  ["an origin with a slash", { rooms: {}, cors: { origin: "https://a.example/" } }, "cors.origin"],
  ["an origin with a wildcard", { rooms: {}, cors: { origin: ["https://*.a.example"] } }, "cors.origin"],
  ["an origin with a user", { rooms: {}, cors: { origin: ["https://u@a.example"] } }, "cors.origin"],
  ["an origin of a WebSocket", { rooms: {}, cors: { origin: ["wss://a.example"] } }, "cors.origin"],
  ["an origin without a scheme", { rooms: {}, cors: { origin: ["a.example"] } }, "cors.origin"],
  ["an origin with an impossible port", { rooms: {}, cors: { origin: "http://a:99999" } }, "cors.origin"],
  ["a path that is none", { rooms: {}, socket: { path: "/.." } }, "socket.path"],
  [
    "an issuer with the end of a line",
    { rooms: {}, jwt: { secret: "s".repeat(32), issuer: "https://a.example\n" } },
    "jwt.issuer",
  ],
  [
    "an audience with a space",
    { rooms: {}, jwt: { secret: "s".repeat(32), audience: [" chat"] } },
    "jwt.audience",
  ],
  ["trustProxy a name", { rooms: {}, limits: { trustProxy: "loopback" } }, "limits.trustProxy"],
  ["trustProxy -1", { rooms: {}, limits: { trustProxy: -1 } }, "limits.trustProxy"],
  ["trustProxy 1.5", { rooms: {}, limits: { trustProxy: 1.5 } }, "limits.trustProxy"],
  ["a proxy that is a name", { rooms: {}, limits: { trustProxy: ["proxy"] } }, "limits.trustProxy[0]"],
  ["a proxy with a port", { rooms: {}, limits: { trustProxy: ["10.0.0.1:80"] } }, "limits.trustProxy[0]"],
  ["a proxy with a zone", { rooms: {}, limits: { trustProxy: ["fe80::1%eth0"] } }, "limits.trustProxy[0]"],
  [
    "a range that is too long",
    { rooms: {}, limits: { trustProxy: ["::1", "10.0.0.0/33"] } },
    "limits.trustProxy[1]",
  ],
  ["a limit that is no number", { rooms: {}, limits: { sendBuffer: "4 MiB" } }, "limits.sendBuffer"],
  ["a negative limit", { rooms: {}, limits: { historyPage: -1 } }, "limits.historyPage"],
  ["clientRooms without max", { rooms: {}, limits: { clientRooms: {} } }, "limits.clientRooms"],
  [
    "a transport that does not exist",
    { rooms: {}, socket: { transports: ["carrier pigeon"] } },
    "socket.transports",
  ],
  ["a ping interval of 0", { rooms: {}, socket: { pingInterval: 0 } }, "socket.pingInterval"],
  ["threads 0", { rooms: {}, threads: 0 }, "threads"],
];

/** A bad config throws before any port is opened. */
export function configuration(): void {
  describe("INVALID_CONFIG", () => {
    for (const [what, config, path] of WRONG) {
      it(`${what}${path && `: ${path}`}`, () => {
        const error = thrownBy(() => createDialogue(config as DialogueConfig));
        expect(error).toBeInstanceOf(DialogueError);
        expect((error as DialogueError).code).toBe("INVALID_CONFIG");
        expect((error as DialogueError).message.startsWith(path)).toBe(true);
      });
    }

    it("not for fields that are undefined: they are as if they were absent", () => {
      const names = (text: string) => Object.fromEntries(text.split(" ").map((name) => [name, undefined]));
      const traits = names("description maxSize defaultSubscriptions createdById syncHistoryOnJoin listed");
      const log = recordingLogger();
      const dialogue = createDialogue({
        ...names("port host app events hooks cors runtime jwt threads tls overrideGlobalObjects"),
        rooms: { chat: { ...room, ...traits } },
        limits: names("connections connectionsPerAddress trustProxy rate clientRooms hookTimeout"),
        socket: names("path pingInterval pingTimeout maxHttpBufferSize connectTimeout transports"),
        logger: log,
      });
      createDialogue({ rooms: {}, cors: { origin: true, ...names("methods credentials") }, logger: log });
      const key = "s".repeat(32);
      const jwt = {
        secret: key,
        ...names("publicKey jwks jwksUri algorithms issuer audience leeway required"),
      };
      createDialogue({ rooms: {}, jwt, logger: log });
      const token = signJwt({ sub: "ada" }, key, names("algorithm expiresIn keyId"));
      expect(verifyJwt(token, key, names("algorithms issuer audience leeway")).isOk).toBe(true);
      expect(dialogue.room("chat").maxSize).toBeUndefined();
      dialogue.updateRoom("chat", { maxSize: 5 });
      dialogue.updateRoom("chat", traits);
      expect(dialogue.room("chat").maxSize).toBe(5);
      expect(log.entries).toEqual([]);
    });

    it("not for hooks that are null or undefined, nor for one authenticate in both places", () => {
      const authenticate = () => Ok({ jwt: { sub: "ada" } });
      const clients = { onConnected: undefined, onJoined: null, beforeJoin: null };
      const events = { onTriggered: null, afterEach: null, beforeEach: null };
      const hooks = { authenticate, socket: { authenticate }, clients, events, rooms: undefined };
      const dialogue = createDialogue({ port: 0, rooms: { chat: room }, hooks } as unknown as DialogueConfig);
      expect(dialogue.trigger("chat", { name: "n" }, 1).isOk).toBe(true);
    });

    it("says what was expected", () => {
      const error = thrownBy(() => createDialogue({ port: 0, rooms: { chat: { ...room, maxSize: 0 } } }));
      expect((error as Error).message).toBe("rooms.chat.maxSize: must be a positive integer");
      expect((error as DialogueError).retryable).toBe(false);
    });

    it("at run time names the field too, and changes nothing", () => {
      const dialogue = createDialogue({ port: 0, rooms: { chat: { ...room, maxSize: 2 } } });
      for (const act of [
        () => dialogue.createRoom("den", { ...room, maxSize: 0 }),
        () => dialogue.updateRoom("chat", { maxSize: 0 }),
      ]) {
        const error = thrownBy(act) as DialogueError;
        expect(error.code).toBe("INVALID_CONFIG");
        expect(error.message).toContain("maxSize: must be a positive integer");
      }
      expect(dialogue.room("den")).toBeNull();
      expect(dialogue.room("chat")!.maxSize).toBe(2);
    });
  });

  describe("a secret that is too short", () => {
    const oct = (secret: string) => ({
      keys: [{ kty: "oct", k: Buffer.from(secret).toString("base64url") }],
    });
    const short = "hunter2".repeat(4);
    const long = "s".repeat(48);
    for (const [what, jwt, warned] of [
      ["for HS256", { secret: short }, "jwt.secret: a secret for HS256 should have 32 bytes"],
      ["as bytes", { secret: new Uint8Array(31) }, "jwt.secret: a secret for HS256 should have 32 bytes"],
      [
        "for HS512",
        { secret: long, algorithms: ["HS512"] },
        "jwt.secret: a secret for HS512 should have 64 bytes",
      ],
      ["in a set", { jwks: oct(short) }, "jwt.jwks: a secret for HS256 should have 32 bytes"],
      ["is none with 32 bytes", { secret: "s".repeat(32) }, undefined],
      ["is none with 48 bytes for HS384", { secret: long, algorithms: ["HS384", "HS512"] }, undefined],
      ["is none in a set with 48 bytes", { jwks: oct(long) }, undefined],
    ] as const) {
      it(`${what}: a warning that shows nothing of it`, () => {
        const log = recordingLogger();
        createDialogue({ port: 0, rooms: {}, logger: log, jwt } as unknown as DialogueConfig);
        const said = log.entries.map(({ level, entry }) => `${level} ${entry.message}`);
        expect(said.length).toBe(warned === undefined ? 0 : 1);
        if (warned !== undefined) expect(said[0]!.startsWith(`warn ${warned}`)).toBe(true);
        expect(JSON.stringify(log.entries)).not.toContain("hunter2");
      });
    }
  });

  describe("a field that is not known", () => {
    it("of the config, of hooks, of cors and of rooms is a warning that names it, and what was probably meant", () => {
      const log = recordingLogger();
      const said = () => log.entries.splice(0).map(({ level, entry }) => `${level} ${entry.message}`);
      const config = {
        ...{ port: 0, logger: log, limit: { rate: 1 }, ours: 1 },
        cors: { origin: "https://a.example", credential: true },
        hooks: { events: { check: () => Ok(), afterEach: () => {} } },
        rooms: { chat: { ...room, maxsize: 1 }, other: { id: "other", ...room } },
      };
      const dialogue = createDialogue(config as unknown as DialogueConfig);
      expect(said().sort()).toEqual([
        "warn cors.credential: unknown, and without effect; did you mean credentials?",
        "warn hooks.events.check: unknown, and without effect",
        "warn limit: unknown, and without effect; did you mean limits?",
        "warn ours: unknown, and without effect",
        "warn rooms.chat.maxsize: unknown, and without effect; did you mean maxSize?",
      ]);
      dialogue.createRoom("den", { ...room, unlisted: true } as never);
      dialogue.createRoom({ id: "two", ...room });
      dialogue.updateRoom("den", { colour: "red" } as never);
      expect(said()).toEqual([
        "warn rooms.den.unlisted: unknown, and without effect; did you mean listed?",
        "warn rooms.den.colour: unknown, and without effect",
      ]);
    });
  });
}

function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}
