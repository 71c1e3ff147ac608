import { createDialogue, type DialogueConfig, DialogueError } from "dialogue-rs";
import { describe, expect, it } from "vitest";

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
  ["a port out of range", { rooms: {}, port: 65_536 }, "port"],
  ["a port that is a string", { rooms: {}, port: "3000" }, "port"],
  ["a host that is no string", { rooms: {}, host: 5 }, "host"],
  [
    "a hook that is no function",
    { rooms: {}, hooks: { clients: { onConnected: "yes" } } },
    "hooks.clients.onConnected",
  ],
  ["a logger without methods", { rooms: {}, logger: {} }, "logger"],
  ["an app without fetch", { rooms: {}, app: {} }, "app"],
  ["credentials for any origin", { rooms: {}, cors: { origin: "*", credentials: true } }, "cors"],
  [
    "credentials for any origin, said otherwise",
    { rooms: {}, cors: { origin: true, credentials: true } },
    "cors",
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
}

function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}
