// A receiver of webhooks that keeps the highest revision of each product, in whatever order they
// arrive, and however often.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { Webhook } from "standardwebhooks";

const { VITRINE_WEBHOOK_SECRET } = process.env;
assert(VITRINE_WEBHOOK_SECRET);
const verifier = new Webhook(VITRINE_WEBHOOK_SECRET);
const products = new Map(); // by id; keep it in a database

const server = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  let message;
  try {
    message = verifier.verify(Buffer.concat(chunks).toString("utf8"), request.headers);
  } catch {
    response.writeHead(400).end();
    return;
  }
  const { type, test, data } = message;
  if (!test && data.product && data.product.revision > (products.get(data.product_id)?.revision ?? 0)) {
    products.set(data.product_id, { revision: data.product.revision, deleted: type === "product.deleted" });
    console.log("product", data.product_id, data.product.revision, type);
  } // else it is old, or a repetition
  response.writeHead(204).end(); // now read the product from the API, in the background
});
server.listen(Number(process.env.PORT ?? 0), "127.0.0.1", () => console.log("port", server.address().port));
