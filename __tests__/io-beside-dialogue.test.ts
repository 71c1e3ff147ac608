import { ioBesideDialogue } from "./suites/io-beside-dialogue.js";
import { serve } from "./support/server.js";

ioBesideDialogue(serve, "websocket");
ioBesideDialogue(serve, "polling");
