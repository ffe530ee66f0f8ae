// All of it in one process: reading the SDK's declarations takes a second or two, and once is enough.
import "./payments.mjs";
import "./cards.mjs";
import "./browser.mjs";
import "./webhooks.mjs";
