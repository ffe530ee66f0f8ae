// The driver API, called from the page. Nothing here draws.

import { language, t } from "./texts.js";

/** An error of the API (problem+json), or of the way to it (`offline`). */
export class ApiError extends Error {
  constructor(code, title) {
    super(t.errors[code] || title || t.errors.other);
    this.code = code;
  }
}

const REQUEST_TIMEOUT_MS = 12000;
export const MEMBER_KEY = "baro.member";
const path = (strings, ...values) => strings.reduce((all, part, i) => all + encodeURIComponent(values[i - 1]) + part);

async function call(url, options = {}) {
  let answer;
  try {
    answer = await fetch(url, {
      ...options,
      headers: { accept: "application/json", "accept-language": language, ...options.headers },
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
  } catch {
    throw new ApiError("offline");
  }
  if (answer.status === 204) return null;
  const body = await answer.json().catch(() => null);
  if (!answer.ok || !body) throw new ApiError((body && body.code) || "other", body && body.title);
  return body;
}

export const lotsNear = (lat, lon, radiusM) =>
  call(`/v1/lots?${new URLSearchParams({ lat: lat.toFixed(6), lon: lon.toFixed(6), radiusM })}`);
export const lot = (id) => call(path`/v1/lots/${id}`);
export const occupancy = (id) => call(path`/v1/lots/${id}/occupancy`);
export const visit = (id, plate) => call(path`/v1/lots/${id}/visits/${plate}`);
export const quote = (id, plate, at) =>
  call(`${path`/v1/lots/${id}/visits/${plate}/quote`}?${new URLSearchParams({ at })}`);
export const payment = (id) => call(path`/v1/payments/${id}`);
export const owed = (id, plate) => call(path`/v1/lots/${id}/visits/${plate}/owed`);
export const receivable = (id) => call(path`/v1/receivables/${id}`);
/** Pressed twice, or in two windows, it finds the same payment: its id follows from the debt. */
export const payReceivable = (id) => call(path`/v1/receivables/${id}/payments`, { method: "POST" });
export const receipt = (id) => call(path`/v1/payments/${id}/receipt`);
export const cashReceipt = (id) => call(path`/v1/payments/${id}/cash-receipt`);
export const wishCashReceipt = (id, number) => call(path`/v1/payments/${id}/cash-receipt`,
  { method: "PUT", headers: { "content-type": "application/json" }, body: JSON.stringify(number) });
export const refresh = (id) => call(path`/v1/payments/${id}/refresh`, { method: "POST" });

/** Asks for a payment. `key` names the driver's wish to pay: sent again after a failure of the line, it makes no second one.
 * `points` are a member's, and pay first. */
export async function startPayment(id, plate, key, contact, points) {
  const request = {
    method: "POST",
    headers: { "content-type": "application/json", "idempotency-key": key, ...(points && { authorization: `Bearer ${points.key}` }) },
    body: JSON.stringify({ ...(contact && { contact }), ...(points && { points: points.most }) }),
  };
  const url = path`/v1/lots/${id}/visits/${plate}/payments`;
  try {
    return await call(url, request);
  } catch (error) {
    if (!["offline", "temporarily-unavailable"].includes(error.code)) throw error;
    return call(url, request);
  }
}

/** The key of the membership, if there is one on this device. */
export function memberKey() {
  try { return localStorage.getItem(MEMBER_KEY); } catch { return null; }
}

/** As a member: the key proves who asks. */
function asMember(key, url, method = "GET", body, wish) {
  const headers = { authorization: `Bearer ${key}`, ...(body && { "content-type": "application/json" }), ...(wish && { "idempotency-key": wish }) };
  return call(url, { method, headers, ...(body && { body: JSON.stringify(body) }) });
}

/** Makes a member. The answer's key is shown this once; an answer that was lost is asked for anew, under another key of its own. */
export const join = () => call("/v1/members", { method: "POST", headers: { "idempotency-key": crypto.randomUUID() } });
export const member = (key) => asMember(key, "/v1/members/me");
export const registerCard = (key, billingKey) => asMember(key, "/v1/members/me/cards", "POST", { billingKey });
export const deleteCard = (key, id) => asMember(key, path`/v1/members/me/cards/${id}`, "DELETE");
export const registerPlate = (key, plate, limit) => asMember(key, path`/v1/members/me/plates/${plate}`, "PUT", { limit });
export const deletePlate = (key, plate) => asMember(key, path`/v1/members/me/plates/${plate}`, "DELETE");

export const wallet = (key) => asMember(key, "/v1/members/me/points");
export const topUp = (key, wish, amount) => asMember(key, "/v1/members/me/points/top-ups", "POST", { amount }, wish);
/** All that can be had back. */
export const cashOut = (key, wish) => asMember(key, "/v1/members/me/points/refunds", "POST", undefined, wish);

let sdk;

/** The gateway's browser SDK, loaded when someone wants to pay; where it is says `config.json`. */
export function portone() {
  sdk ||= (async () => {
    const config = await call("/config.json");
    await new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = config.portoneSdkUrl;
      script.onload = resolve;
      script.onerror = () => reject(new Error(t.sdkMissing));
      document.head.append(script);
    });
    if (!window.PortOne) throw new Error(t.sdkMissing);
    return window.PortOne;
  })();
  sdk.catch(() => { sdk = undefined; });
  return sdk;
}
