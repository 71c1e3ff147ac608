import { type Dialogue, type HooksConfig, Ok, type RoomConfig } from "dialogue-rs";
import type { TestClient } from "./client.js";
import { chatRoom } from "./rooms.js";

/** Every hook there is: group, a dot, name. */
export const HOOKS = [
  ...["socket.authenticate", "socket.onConnect", "socket.onDisconnect"],
  ...["clients.beforeJoin", "clients.onConnected", "clients.onDisconnected"],
  ...["clients.onJoined", "clients.onLeft"],
  ...["rooms.onCreated", "rooms.onUpdated", "rooms.onDeleted"],
  ...["events.beforeEach", "events.afterEach", "events.onTriggered", "events.onCleanup", "events.onLoad"],
];

/** What lets things pass, where a hook has to say something. */
const ANSWERS: Record<string, (asked: any) => unknown> = {
  "socket.authenticate": ({ authData }) => Ok({ jwt: { sub: authData.userId } }),
  "clients.beforeJoin": () => Ok(),
  "events.beforeEach": ({ message }) => Ok(message),
  "events.onLoad": async () => [],
};

/** These hooks, all of them calling `call` with their name; those that decide let everything pass. */
export function everyHook(call: (hook: string) => void, names: readonly string[] = HOOKS): HooksConfig {
  const hooks: Record<string, Record<string, unknown>> = {};
  for (const hook of names) {
    const [group, name] = hook.split(".") as [string, string];
    hooks[group] = {
      ...hooks[group],
      [name]: (asked: unknown) => {
        call(hook);
        return ANSWERS[hook]?.(asked);
      },
    };
  }
  return hooks as HooksConfig;
}

/** A room that remembers one `message`: the second goes through `onCleanup`. */
export const rememberingOne = (): RoomConfig =>
  chatRoom({ events: [{ name: "message", history: { enabled: true, limit: 1 } }] });

/** Gives every hook an occasion, one after the other, in the room `chat`. */
export async function* live(dialogue: Dialogue, client: TestClient): AsyncGenerator<unknown> {
  yield client.connect();
  yield client.ask("dialogue:join", { roomId: "chat" });
  for (let n = 0; n < 3; n++)
    yield client.ask("dialogue:trigger", { roomId: "chat", event: "message", data: n });
  yield client.ask("dialogue:getHistory", { roomId: "chat", eventName: "message", start: 0, end: 9 });
  yield dialogue.createRoom("other", chatRoom());
  yield dialogue.updateRoom("other", { name: "Another" });
  yield dialogue.deleteRoom("other");
  yield client.ask("dialogue:leave", { roomId: "chat" });
  yield client.ask("dialogue:join", { roomId: "chat" });
  client.close();
}
