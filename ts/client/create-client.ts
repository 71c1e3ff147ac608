import type { ClientConfig, CreateRoomOptions, DialogueClientInstance, RoomInfo } from "../../client.js";
import type { EventMessage } from "../../index.js";
import type { DialogueError } from "../errors.js";
import { WIRE } from "../protocol.js";
import { readConfig } from "./client-config.js";
import { Connection, notConnected } from "./connection.js";
import { EventReplies } from "./event-replies.js";
import { Handlers } from "./handlers.js";
import { Memberships } from "./memberships.js";
import { aboutRoom, type Reply, type Request, Requests } from "./requests.js";
import { roomInfo } from "./room-info.js";
import { TokenRefresh } from "./token-refresh.js";
import { deleted, fromWire, removed } from "./wire-errors.js";

/** Makes a client; see `client.d.ts`. Composes the parts, none of which knows the others but by what it is handed here. */
export function createDialogueClient(config: ClientConfig): DialogueClientInstance {
  const settings = readConfig(config);
  const roomCreated = new Handlers<[RoomInfo]>();
  const roomDeleted = new Handlers<[string]>();
  const connects = new Handlers<[]>();
  const disconnects = new Handlers<[string]>();
  const errors = new Handlers<[DialogueError]>();
  const histories = new Handlers<[string, EventMessage[]]>();
  const failed = (error: DialogueError): void => errors.tell(error);

  const connection: Connection = new Connection(settings, {
    connected({ protocol, exp }) {
      requests.acknowledged = protocol !== undefined;
      if (settings.renewable && exp !== undefined) refresh.until(exp);
      memberships.connected();
    },
    ready: () => connects.tell(),
    lost(reason) {
      refresh.stop();
      replies.lost();
      const stays = connection.state === "disconnected";
      memberships.disconnected(stays ? notConnected(reason) : undefined);
      disconnects.tell(reason);
    },
    failed(error) {
      if (connection.state === "disconnected") memberships.disconnected(error);
      failed(error);
    },
  });
  const { socket, gate } = connection;
  const replies = new EventReplies(socket);
  const requests = new Requests(socket, replies, settings.timeout);
  const memberships = new Memberships(requests, gate, {
    history: (roomId, events) => histories.tell(roomId, events),
    failed,
  });
  const refresh = new TokenRefresh(
    () => connection.askAuth(),
    (token) => ask({ event: WIRE.refresh, payload: { token } }),
    failed,
  );
  const ask = (request: Request): Promise<Reply> => requests.ask(request, gate);

  /** Listens to what servers say. One that acknowledges nothing answers by the same events: the answer first, then the news. */
  const listen = (event: string, told: (payload: Reply) => void = () => {}): void => {
    socket.on(event, (payload: unknown) => {
      const fields = (typeof payload === "object" && payload !== null ? payload : {}) as Reply;
      replies.answered(event, Array.isArray(payload) ? { rooms: payload } : fields);
      told(fields);
    });
  };
  listen(WIRE.joined, (payload) => {
    if (typeof payload["roomId"] === "string") memberships.joined(payload);
  });
  listen(WIRE.left, ({ roomId }) => memberships.ended(removed(String(roomId))));
  listen(WIRE.event, (message) => memberships.event(message as unknown as EventMessage));
  listen(WIRE.history, ({ roomId, events }) => {
    memberships.history(String(roomId), Array.isArray(events) ? events : []);
  });
  listen(WIRE.historyResponse);
  listen(WIRE.rooms);
  const created = (room: Reply) => roomCreated.tell(roomInfo(room));
  const updated = ({ id, name }: Reply) => memberships.renamed(String(id), String(name));
  const gone = ({ roomId }: Reply) => {
    const id = String(roomId);
    memberships.ended(deleted(id));
    roomDeleted.tell(id);
  };
  const changed: Record<string, (payload: Reply) => void> = {
    [WIRE.roomCreated]: created,
    [WIRE.roomUpdated]: updated,
    [WIRE.roomDeleted]: gone,
  };
  for (const event in changed) listen(event, changed[event]);
  listen(WIRE.roomsChanged, ({ changes }) => {
    if (Array.isArray(changes)) for (const [event, payload] of changes) changed[event]?.(payload);
  });
  listen(WIRE.error, (payload) => {
    const error = fromWire(payload);
    if (!replies.failed(error)) failed(error);
  });

  const client: DialogueClientInstance = {
    get userId() {
      return connection.userId;
    },
    get connected() {
      return connection.state === "connected";
    },
    get state() {
      return connection.state;
    },
    connect() {
      const connecting = connection.connect();
      if (connection.state === "connecting") memberships.connecting();
      return connecting;
    },
    disconnect() {
      connection.disconnect();
      // Also where it was only trying, which `lost` says nothing of.
      if (connection.state === "disconnected")
        memberships.disconnected(notConnected("disconnect() was called"));
    },
    join: (roomId) => memberships.join(roomId),
    getRoom: (roomId) => memberships.get(roomId),
    async listRooms() {
      const all: RoomInfo[] = [];
      // A server of dialogue-ts has one page, and no payload.
      let after: unknown;
      do {
        const payload = after === undefined ? {} : { payload: { after } };
        const { rooms, next } = await ask({ event: WIRE.listRooms, ...payload });
        if (!Array.isArray(rooms)) break;
        for (const room of rooms) all.push(roomInfo(room));
        // What goes on where it began would go on for ever.
        after = rooms.length > 0 && next !== after ? next : undefined;
      } while (typeof after === "string");
      return all;
    },
    async createRoom(options: CreateRoomOptions) {
      return roomInfo(await ask({ event: WIRE.createRoom, payload: { ...options }, roomId: options?.id }));
    },
    async deleteRoom(roomId) {
      await ask(aboutRoom(WIRE.deleteRoom, roomId));
    },
    onRoomCreated: (h) => roomCreated.add(h),
    onRoomDeleted: (h) => roomDeleted.add(h),
    onConnect: (h) => connects.add(h),
    onDisconnect: (h) => disconnects.add(h),
    onError: (h) => errors.add(h),
    onHistory: (h) => histories.add(h),
  };
  if (settings.autoConnect) void client.connect();
  return client;
}
