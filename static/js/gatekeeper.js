/* Every page works without this file; it adds speed, warning and comfort. */
import { start as startClocks } from "./clocks.js";
import { start as startConnection } from "./connection.js";
import { start as startDialogs } from "./dialogs.js";
import { start as startForms } from "./forms.js";
import { start as startIdle } from "./idle.js";
import { start as startKeypad } from "./keypad.js";
import { start as startLimits } from "./limits.js";
import { start as startLive } from "./live.js";
import { start as startOnce } from "./once.js";
import { start as startScanner } from "./scanner.js";
import { start as startSearch } from "./search.js";

for (const start of [
  startForms, startDialogs, startLimits, startKeypad, startScanner, startClocks, startConnection, startLive, startIdle,
  startSearch, startOnce,
]) start();
