/** Errors as they come over the wire, and those that the client adds. */
import type { DialogueErrorCode, ValidationIssue } from "../../index.js";
import { DialogueError, ERROR_TABLE, roomNotFound } from "../errors.js";
import type { Request } from "./requests.js";

/** An error about a request or a room. */
export function fault(
  code: DialogueErrorCode,
  message: string,
  { roomId, eventName }: Partial<Request> = {},
  cause?: unknown,
  issues?: readonly ValidationIssue[],
): DialogueError {
  return new DialogueError(code, message, {
    roomId,
    event: eventName,
    issues,
    ...(cause !== undefined && { cause }),
  });
}

/** What a schema found, as it came over the wire. */
function readIssues(value: unknown): ValidationIssue[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.map((issue) => {
    const { path, message } = (issue ?? {}) as Partial<ValidationIssue>;
    return { path: Array.isArray(path) ? path : [], message: String(message) };
  });
}

/**
 * `{ code, message, roomId?, event?, issues? }` as an error. A code of another server that is not among ours is `INTERNAL`, with what came as its
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
    readIssues((payload as { issues?: unknown } | null | undefined)?.issues),
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
