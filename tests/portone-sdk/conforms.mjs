// Holds what the sandbox answers against the types that PortOne's SDK declares. The SDK itself believes whatever comes; this looks at
// every field: the needed ones are there, each has a value of its type, and none is there that PortOne does not know.
import { createRequire } from "node:module";
import ts from "typescript";

const root = createRequire(import.meta.url).resolve("@portone/server-sdk").replace(/index\.cjs$/, "index.d.ts");
const program = ts.createProgram([root, root.replace(/index\.d\.ts$/, "webhook.d.ts"), root.replace(/index\.d\.ts$/, "generated/index.d.ts")], {
  strict: true, target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext,
  lib: ["lib.es2022.d.ts"], types: [], skipLibCheck: true,
});
const checker = program.getTypeChecker();

/** The declared type of that name, in the SDK's file whose path ends so. */
function declared(file, name) {
  const source = program.getSourceFiles().find((one) => one.fileName.endsWith(`/dist/${file}`));
  const symbol = checker.getExportsOfModule(checker.getSymbolAtLocation(source)).find((one) => one.name === name);
  if (!symbol) throw new Error(`the SDK's ${file} declares no ${name}`);
  return checker.getDeclaredTypeOfSymbol(symbol);
}

const typeOf = (symbol) => checker.getNonNullableType(checker.getTypeOfSymbol(symbol));
const isUnrecognized = (type) => (type.flags & ts.TypeFlags.UniqueESSymbol) !== 0;
// `string & {}` stands for the words that a later version may add; the sandbox uses those of this version only.
const isOpenEnd = (type) => type.isIntersection() ||
  (type.flags & ts.TypeFlags.Object && checker.getPropertiesOfType(type).some((one) => isUnrecognized(typeOf(one))));

function faultsOfObject(type, value, path) {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [`${path} is no object`];
  const faults = [];
  const properties = checker.getPropertiesOfType(type);
  for (const property of properties) {
    const [inner, there] = [`${path}.${property.name}`, Object.hasOwn(value, property.name)];
    if (there) {
      faults.push(...faultsOf(typeOf(property), value[property.name], inner));
      const isTime = /(At|timeToPay|timestamp)$/.test(property.name);
      if (isTime && !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/.test(value[property.name])) faults.push(`${inner} is no time`);
    } else if (!(property.flags & ts.SymbolFlags.Optional)) faults.push(`${inner} is missing`);
  }
  for (const name of Object.keys(value)) {
    if (!properties.some((one) => one.name === name)) faults.push(`${path}.${name} is unknown to PortOne`);
  }
  return faults;
}

/** Why a value is not of a type; empty when it is. */
export function faultsOf(type, value, path) {
  if (type.isUnion()) {
    const tries = type.types.filter((one) => !isOpenEnd(one)).map((one) => faultsOf(one, value, path));
    return tries.reduce((best, one) => (one.length < best.length ? one : best));
  }
  const { flags } = type;
  if (flags & (ts.TypeFlags.StringLiteral | ts.TypeFlags.NumberLiteral)) {
    return value === type.value ? [] : [`${path} is ${JSON.stringify(value)}, not ${JSON.stringify(type.value)}`, ""];
  }
  if (flags & ts.TypeFlags.BooleanLike) return typeof value === "boolean" ? [] : [`${path} is no boolean`];
  if (flags & ts.TypeFlags.String) return typeof value === "string" ? [] : [`${path} is no string`];
  if (flags & ts.TypeFlags.Number) return Number.isSafeInteger(value) ? [] : [`${path} is no whole number`];
  if (checker.isArrayType(type)) {
    if (!Array.isArray(value)) return [`${path} is no list`];
    const [element] = checker.getTypeArguments(type);
    return value.flatMap((one, index) => faultsOf(element, one, `${path}[${index}]`));
  }
  if (flags & ts.TypeFlags.Object) return faultsOfObject(type, value, path);
  return [`${path} has a type that is not looked at: ${checker.typeToString(type)}`];
}

function demand(type, value, what) {
  const faults = faultsOf(type, value, what).filter(Boolean);
  if (faults.length) throw new TypeError(`not as the SDK declares it: ${faults.join("; ")}\n${JSON.stringify(value, null, 1)}`);
  return value;
}

/** A webhook, as the SDK's `verify` gives it. */
export function conformingWebhook(webhook) {
  return demand(declared("generated/webhook/Webhook.d.ts", "Webhook"), webhook, webhook.type);
}

/** The SDK's client, each of whose answers and errors is held against its declaration. */
export function checked(client, type = declared("generated/client.d.ts", "PortOneClient"), path = "") {
  return new Proxy(client, {
    get(target, name) {
      const [value, symbol] = [target[name], checker.getPropertyOfType(type, String(name))];
      if (value === undefined || !symbol) return value;
      const [inner, own] = [`${path}${String(name)}`, typeOf(symbol)];
      if (typeof value !== "function") return checked(value, own, `${inner}.`);
      const answer = checker.getAwaitedType(own.getCallSignatures()[0].getReturnType());
      return async (options) => {
        try {
          return demand(answer, await value(options), inner);
        } catch (error) {
          if (error.data) demandError(error, inner);
          throw error;
        }
      };
    },
  });
}

function demandError(error, what) {
  const folder = { BillingKey: "billingKey/", CashReceipt: "cashReceipt/", PaymentSchedule: "paymentSchedule/" };
  const [, base] = /^(\w+)Error$/.exec(Object.getPrototypeOf(error.constructor).name);
  const type = declared(`generated/payment/${folder[base] ?? ""}client.d.ts`, error.constructor.name);
  demand(typeOf(checker.getPropertyOfType(type, "data")), error.data, `${what} error`);
}
