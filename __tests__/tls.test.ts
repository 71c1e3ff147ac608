import { conversation } from "./suites/conversation.js";
import { frames } from "./suites/frames.js";
import { sessions } from "./suites/sessions.js";
import { tls } from "./suites/tls.js";
import { upgrade } from "./suites/upgrade.js";
import { serve, serveSecurely } from "./support/server.js";

tls(serve);
for (const suite of [conversation, frames, sessions, upgrade]) suite(serveSecurely);
