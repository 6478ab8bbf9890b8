// A shop's front office: every call is checked by the compiler against the description.
import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

const { VITRINE_URL, VITRINE_API_KEY } = process.env;
assert(VITRINE_URL && VITRINE_API_KEY);
const api = createClient<paths>({ baseUrl: VITRINE_URL, headers: { Authorization: `Bearer ${VITRINE_API_KEY}` } });

const draft: components["schemas"]["NewProduct"] = {
  user_id: 1,
  product_name: "Kettle",
  product_price: 49.9,
  metadata: { shelf: "C2" },
};
const created = await api.POST("/products", { body: draft, params: { header: { "Idempotency-Key": "kettle-1" } } });
assert.equal(created.response.status, 201, JSON.stringify(created.error));
const id = created.data!.product_id;

const again = await api.POST("/products", { body: draft, params: { header: { "Idempotency-Key": "kettle-1" } } });
assert.equal(again.data?.product_id, id);
assert.equal(again.response.headers.get("Idempotent-Replayed"), "true");

const read = await api.GET("/products/{id}", { params: { path: { id } } });
assert.equal(read.data?.product_name, "Kettle");
assert.equal(read.data.product_price, 49.9);
const etag = read.response.headers.get("ETag")!;

const listed = await api.GET("/products", { params: { query: { user_id: 1, product_name: "ettl" } } });
assert.ok(Array.isArray(listed.data)); // not lines, which were not asked for
assert.deepEqual(listed.data.map((p) => p.id), [id]);

const changed = await api.PATCH("/products/{id}", {
  params: { path: { id }, header: { "If-Match": etag } },
  body: { product_name: "Pot", metadata: null },
});
assert.equal(changed.data?.product_name, "Pot");
assert.equal(changed.data.metadata, undefined);

const refused = await api.PATCH("/products/{id}", { params: { path: { id } }, body: { product_price: -1 } });
assert.equal(refused.response.status, 422);
assert.equal(refused.error?.errors?.[0]?.pointer, "/product_price");

const deleted = await api.DELETE("/products/{id}", { params: { path: { id } } });
assert.equal(deleted.response.status, 204);
const gone = await api.GET("/products/{id}", { params: { path: { id } } });
assert.equal(gone.error?.status, 404);
console.log("created, read, listed, changed, deleted", id);
