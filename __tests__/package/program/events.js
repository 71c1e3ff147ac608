// Definitions that a program shares between its server and its page.
import { defineEvent } from "dialogue-rs";
import { z } from "zod";

export const Message = defineEvent("message", { schema: z.object({ text: z.string() }) });
