import type { Socket } from "socket.io-client";
import type { RoomContext } from "../../client.js";
import type { EventMessage } from "../../index.js";
import type { DialogueError } from "../errors.js";
import { WIRE } from "../protocol.js";
import { EventReplies } from "./event-replies.js";
import { Gate } from "./gate.js";
import { JoinedRoom } from "./joined-room.js";
import { type Reply, type Request, Requests } from "./requests.js";
import { deleted, fault, removed } from "./wire-errors.js";

const TIMEOUT = 10_000;

/** The view of one room over a socket that somebody else holds; see `client.d.ts`. */
export function createRoomContext(
  socket: Socket,
  roomId: string,
  roomName: string,
  onLeave: () => void,
): RoomContext {
  const requests = new Requests(socket, new EventReplies(socket), TIMEOUT);
  const gate = new Gate(fault("DISCONNECTED", "Not connected", { roomId }));
  const ask = (request: Request): Promise<Reply> => {
    if (socket.connected) gate.open();
    else gate.close(fault("DISCONNECTED", "Not connected", request));
    return requests.ask(request, gate);
  };
  const room = new JoinedRoom(roomId, roomName, {
    ask,
    insist: ask,
    ready: () => socket.connected,
    history: () => {},
    failed: (error) => console.error("[Dialogue]", error),
    leave() {
      stopListening();
      socket.emit(WIRE.leave, { roomId });
      onLeave();
    },
  });
  const about = (told: (payload: EventMessage) => void) => (payload: EventMessage) => {
    if (payload?.roomId === roomId) told(payload);
  };
  const end = (reason: DialogueError) => () => {
    stopListening();
    room.close(reason);
  };
  const listeners: [string, (payload: EventMessage) => void][] = [
    [
      WIRE.event,
      about((message) => {
        // Nothing comes twice here, and after another join the room may be one that was made anew.
        room.inbox.position = 0;
        room.received(message);
      }),
    ],
    [WIRE.left, about(end(removed(roomId)))],
    [WIRE.roomDeleted, about(end(deleted(roomId)))],
  ];
  const stopListening = (): void => {
    for (const [event, listener] of listeners) socket.off(event, listener);
  };
  for (const [event, listener] of listeners) socket.on(event, listener);
  room.inbox.release();
  return room;
}
