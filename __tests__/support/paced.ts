import type { RawWebSocket } from "./raw-websocket.js";

/** What a slow line brings in one piece. */
const PIECE = 64 * 1024;

/** Has a WebSocket read so many bytes a second, until the returned function is called. */
export function readAt(raw: RawWebSocket, bytesPerSecond: number): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let due = 0;
  const came = (chunk: Buffer): void => {
    due += chunk.length;
    if (due < PIECE) return;
    raw.stopReading();
    clearTimeout(timer);
    timer = setTimeout(() => raw.read(), (due / bytesPerSecond) * 1_000);
    due = 0;
  };
  raw.socket.on("data", came);
  return () => {
    clearTimeout(timer);
    raw.socket.off("data", came);
    raw.read();
  };
}
