import { connect, type Socket } from "node:net";

/** Asks on a connection of its own, and never reads a byte of the answer. */
export function askAndNotRead(url: string): Socket {
  const { hostname, port, pathname, search } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.pause();
  socket.on("error", () => {});
  socket.write(`GET ${pathname}${search} HTTP/1.1\r\nHost: ${hostname}:${port}\r\n\r\n`);
  return socket;
}
