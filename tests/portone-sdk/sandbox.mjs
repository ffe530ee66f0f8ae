// What the tests share: the SDK's client at the sandbox, the sandbox's own routes, and a shop that hears webhooks.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { PortOneClient, Webhook } from "@portone/server-sdk";
import { checked, conformingWebhook } from "./conforms.mjs";

export const env = (name) => {
  const value = process.env[`BARO_PORTONE_${name}`];
  assert.ok(value, `BARO_PORTONE_${name} is missing: cargo test -p baro --test portone_sdk sets it`);
  return value;
};
export const [baseUrl, storeId, channelKey] = [env("URL"), env("STORE_ID"), env("CHANNEL_KEY")];
export const client = checked(PortOneClient({ secret: env("API_SECRET"), baseUrl, storeId }));
export const { payment } = client;

let drawn = 0;
/** An id that no other test uses. */
export const newId = (word) => `${word}_${process.pid}_${(drawn += 1)}`;

/** A route of the sandbox itself. */
export async function sandbox(method, path, body = {}) {
  const response = await fetch(new URL(`/sandbox${path}`, baseUrl), {
    method, body: method === "GET" ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`);
  return text ? JSON.parse(text) : null;
}

/** A payer pays. */
export function pay(paymentId, totalAmount, method = "CARD", more = {}) {
  return sandbox("POST", `/payments/${paymentId}/pay`, { method, window: { orderName: "주차요금", totalAmount, ...more } });
}

/** A payer registers a card. */
export async function register(card = "4242424242424242", customer = {}) {
  const { billingKeyInfo } = await payment.billingKey.issueBillingKey({
    channelKey, customer, method: { card: { credential: { number: card, expiryYear: "39", expiryMonth: "12" } } },
  });
  return billingKeyInfo.billingKey;
}

/** Asserts that a call is refused with this type, and answers the error's data. */
export async function refused(call, type) {
  const error = await call.then((answer) => assert.fail(`not refused: ${JSON.stringify(answer)}`), (error) => error);
  assert.equal(error.data?.type, type, error.stack);
  return error.data;
}

/** A shop that verifies what it hears with the SDK. */
export async function listen() {
  const heard = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request.setEncoding("utf8")) body += chunk;
    try {
      const webhook = conformingWebhook(await Webhook.verify(env("WEBHOOK_SECRET"), body, request.headers));
      heard.push({ ...webhook, id: request.headers["webhook-id"], raw: { body, headers: request.headers } });
      response.end();
    } catch (error) {
      heard.push({ type: `refused: ${error.message}` });
      response.writeHead(400).end();
    }
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  await sandbox("PUT", "/webhooks/url", { url: `http://127.0.0.1:${server.address().port}/hook` });
  return {
    heard,
    close: () => { server.close(); server.closeAllConnections(); },
    /** The first webhook for which `wanted` holds; waits for it. */
    async one(wanted) {
      for (let tries = 0; tries < 300; tries += 1) {
        const found = heard.find(wanted);
        if (found) return found;
        await pause(10);
      }
      return assert.fail(`not heard; heard: ${heard.map((one) => one.type).join(", ")}`);
    },
  };
}
