/** Errors as they come over the wire, and those that the client adds. */
import type { DialogueErrorCode } from "../../index.js";
import { DialogueError, ERROR_TABLE, roomNotFound } from "../errors.js";
import type { Request } from "./requests.js";

/** An error about a request or a room. */
export function fault(
  code: DialogueErrorCode,
  message: string,
  { roomId, eventName }: Partial<Request> = {},
  cause?: unknown,
): DialogueError {
  return new DialogueError(code, message, {
    roomId,
    event: eventName,
    ...(cause !== undefined && { cause }),
  });
}

/**
 * `{ code, message, roomId?, event? }` as an error. A code of another server that is not among ours is `INTERNAL`, with what came as its
 * `cause`.
 */
export function fromWire(payload: unknown, about: Partial<Request> = {}): DialogueError {
  const {
    code,
    message,
    roomId = about.roomId,
    event = about.eventName,
  } = (payload ?? {}) as Record<string, string>;
  const known = ERROR_TABLE.find((row) => row.code === code);
  const text = String(message ?? code ?? "No reason given");
  return fault(
    (known?.code ?? "INTERNAL") as DialogueErrorCode,
    text,
    { roomId, eventName: event },
    known === undefined ? payload : undefined,
  );
}

/** The connection went before the answer came. */
export const lost = (request: Request): DialogueError =>
  fault("DISCONNECTED", `Disconnected before ${request.event} was answered`, request);

/** The answer did not come. */
export const late = (request: Request): DialogueError =>
  fault("TIMEOUT", `${request.event} was not answered in time`, request);

/** What cannot be written down. */
export const unsendable = (error: unknown, request: Request): DialogueError =>
  fault("INVALID_REQUEST", `data: cannot be sent: ${(error as Error).message}`, request, error);

export const notInRoom = (roomId: string): DialogueError =>
  fault("NOT_IN_ROOM", `Not in room '${roomId}'`, { roomId });

/** The server took this client out of the room. */
export const removed = (roomId: string): DialogueError =>
  fault("NOT_IN_ROOM", `Removed from room '${roomId}'`, { roomId });

export const deleted = (roomId: string): DialogueError =>
  fault("ROOM_NOT_FOUND", roomNotFound(roomId), { roomId });
