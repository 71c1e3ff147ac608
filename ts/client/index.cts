// The entry for `require`: the same module, so that `DialogueError` is one class however it was loaded.
module.exports = require("./index.js");
