import type { Socket } from "socket.io-client";
import { Err, Ok } from "../result.js";
import { payloadOf, type Request, type Settle } from "./requests.js";
import { fromWire, late, lost } from "./wire-errors.js";

/** Sends a request whose answer comes as its own acknowledgement. Throws where it cannot be written down. */
export function sendAcknowledged(
  socket: Socket,
  request: Request,
  milliseconds: number,
  settle: Settle,
): void {
  const answered = (fault: Error | null, answer?: { ok?: unknown }): void => {
    if (fault === null) {
      settle(answer?.ok === true ? Ok(answer) : Err(fromWire(answer, request)));
      return;
    }
    settle(Err((socket.connected ? late : lost)(request)));
  };
  socket.timeout(milliseconds).emit(request.event, ...payloadOf(request), answered);
}
