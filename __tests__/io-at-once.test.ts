import { ioAtOnce, ioListensAtOnce } from "./suites/io-at-once.js";
import { EVERY_IO, REFERENCE_IO, STANDALONE_IO } from "./support/io.js";

const overWebSocket = ({ transport }: { transport: string }) => transport === "websocket";
for (const reach of [...EVERY_IO, ...REFERENCE_IO].filter(overWebSocket)) ioAtOnce(reach);
for (const reach of [...STANDALONE_IO, ...REFERENCE_IO].filter(overWebSocket)) ioListensAtOnce(reach);
