import type { Handshake } from "../../index.js";
import { IncomingRequest } from "./incoming-request.js";

/** `socket.request`, from what the handshake tells of it: where no middleware has seen the request, it is made when it is asked for. */
export function requestOf({ address, headers, secure, url }: Handshake): IncomingRequest {
  const flat = Object.entries(headers).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value ?? ""]).flatMap((one) => [name, one]),
  );
  return new IncomingRequest({ method: "GET", url, headers: flat, address, port: 0, secure, upgrade: false });
}
