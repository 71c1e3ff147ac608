import { readFileSync } from "node:fs";
import { type ConnectedClient, defineEvent, type EventMessage, type HooksConfig, Ok } from "dialogue-rs";
import { expect, it } from "vitest";
import { z } from "zod";
import { eventually } from "./support/deadline.js";
import { serve } from "./support/server.js";
import { useStage } from "./support/stage.js";

const stage = useStage(serve);
const GOLDEN = new URL("./fixtures/trace.json", import.meta.url);

/** An argument of a hook, without what differs from run to run. */
function stable(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if ("io" in value && "clients" in value) return "context";
  if ("handshake" in value) return "socket";
  if ("participants" in value) return `room ${(value as unknown as { id: string }).id}`;
  if ("userId" in value && "join" in value) return `client ${(value as ConnectedClient).userId}`;
  if ("timestamp" in value) return { ...(value as EventMessage), timestamp: "a time" };
  if (Array.isArray(value)) return value.map(stable);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, stable(item)]));
}

/** Hooks that record every call, and let everything pass. */
function recording(trace: unknown[]): HooksConfig {
  const noting =
    (name: string, result: (...args: any[]) => unknown = () => undefined) =>
    (...args: any[]): any => {
      trace.push([name, ...args.map(stable)]);
      return result(...args);
    };
  return {
    socket: {
      authenticate: noting("authenticate", ({ authData }) => Ok({ jwt: { sub: authData.name } })),
      onConnect: noting("onConnect"),
      onDisconnect: noting("onDisconnect"),
    },
    clients: {
      beforeJoin: noting("beforeJoin", () => Ok()),
      onConnected: noting("onConnected"),
      onDisconnected: noting("onDisconnected"),
      onJoined: noting("onJoined"),
      onLeft: noting("onLeft"),
    },
    rooms: { onCreated: noting("onCreated"), onUpdated: noting("onUpdated"), onDeleted: noting("onDeleted") },
    events: {
      beforeEach: noting("beforeEach", ({ message }) => Ok({ ...message, meta: { seen: true } })),
      afterEach: noting("afterEach"),
      onTriggered: noting("onTriggered"),
      onCleanup: noting("onCleanup"),
      onLoad: noting("onLoad", async () => []),
    },
  };
}

it("one connection with all hooks installed leaves the recorded trace", async () => {
  const trace: unknown[] = [];
  const Message = defineEvent("message", {
    schema: z.object({ n: z.number() }),
    history: { enabled: true, limit: 2 },
  });
  const server = await stage.serve({
    rooms: { chat: { name: "Chat", events: [Message], defaultSubscriptions: ["message"] } },
    hooks: recording(trace),
    limits: { clientRooms: 1 },
  });
  server.dialogue.on("chat", Message, (message) => void trace.push(["room.on", stable(message)]));
  const client = await stage.connect(server, { auth: { name: "ada" } });
  await client.ask("dialogue:createRoom", { id: "mine", name: "Mine" });
  await client.join("mine");
  await client.join("chat");
  for (let n = 1; n <= 3; n++)
    await client.ask("dialogue:trigger", { roomId: "chat", event: "message", data: { n } });
  await client.ask("dialogue:getHistory", { roomId: "chat", eventName: "message", start: 0, end: 5 });
  server.dialogue.updateRoom("mine", { name: "Ours" });
  server.dialogue.trigger("chat", Message, { n: 4 });
  await client.ask("dialogue:deleteRoom", { roomId: "mine" });
  await client.ask("dialogue:leave", { roomId: "chat" });
  await client.join("chat");
  client.close();
  await eventually(() => server.dialogue.getAllClients().length === 0, "the client is gone");
  await server.stop();
  expect(trace).toEqual(JSON.parse(readFileSync(GOLDEN, "utf8")));
});
