// The one entry: each import is a behaviour that finds its elements by a data attribute.
import "./time-left.js";
import "./countdown.js";
import "./steady-list.js";
import "./current-row.js";
import "./hotkeys.js";
import "./row-keys.js";
import "./ctrl-enter.js";
import "./kept-text.js";
import "./open-at-end.js";
import "./focus-after.js";
import "./unfold.js";
import "./modal.js";
import "./menus.js";
import "./toasts.js";
import "./polling.js";
import "./failures.js";
