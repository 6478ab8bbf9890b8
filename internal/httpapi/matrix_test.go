package httpapi_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"vitrine.dev/internal/attempts"
	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/bulk"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/catalog/catalogfake"
	"vitrine.dev/internal/dispatch"
	"vitrine.dev/internal/events"
	"vitrine.dev/internal/failures"
	"vitrine.dev/internal/findings"
	"vitrine.dev/internal/httpapi"
	"vitrine.dev/internal/httpapi/guard"
	"vitrine.dev/internal/paging"
	"vitrine.dev/internal/refresh"
	"vitrine.dev/internal/signing"
	"vitrine.dev/internal/sqlstore"
	"vitrine.dev/internal/sqlstore/storetest"
	"vitrine.dev/internal/statistics"
	"vitrine.dev/internal/testserver"
	"vitrine.dev/internal/webhook"
)

// matrixRow is how one route is called, about what is the owner's.
type matrixRow struct {
	path func(m *matrix) string
	body string
	ok   int // the status for who may
	// owned: another user's key with the right scope gets 404, else ok.
	owned bool
}

// matrixRows has a row for every route.
func matrixRows() map[string]matrixRow {
	const product, image, job = "/products/%d", "/products/%d/images/%d", "/dead-letters/jobs/%d"
	fixed := func(path string) func(*matrix) string { return func(*matrix) string { return path } }
	ofProduct := func(m *matrix) string { id, _ := m.failed(); return fmt.Sprintf(product, id) }
	ofImage := func(suffix string) func(m *matrix) string {
		return func(m *matrix) string { id, img := m.failed(); return fmt.Sprintf(image, id, img) + suffix }
	}
	ofJob := func(suffix string) func(m *matrix) string {
		return func(m *matrix) string { return fmt.Sprintf(job, m.job()) + suffix }
	}
	ofRefresh := func(suffix string) func(m *matrix) string {
		return func(m *matrix) string { return m.refresh() + suffix }
	}
	ofUser := func(m *matrix) string { return fmt.Sprintf("/users/%d", m.user()) }
	ofKey := func(suffix string) func(m *matrix) string {
		return func(m *matrix) string { return fmt.Sprintf("/keys/%d", m.key(m.owner, auth.ProductsRead).ID) + suffix }
	}
	ofNewHook := func(m *matrix) string { m.dropHooks(); return "/webhooks" }
	ofDelivery := func(m *matrix) string {
		e := m.hook()
		return fmt.Sprintf("/webhooks/%d/deliveries/%d/redeliver", e.ID, m.delivery(e.ID))
	}
	ofHook := func(suffix string) func(m *matrix) string {
		return func(m *matrix) string { return pathOf("/webhooks", m.hook().ID) + suffix }
	}
	return map[string]matrixRow{
		"POST /products":                                {path: fixed("/products"), body: `{"product_name":"Lamp","product_price":1}`, ok: 201},
		"GET /products":                                 {path: func(m *matrix) string { return fmt.Sprintf("/products?user_id=%d", m.owner) }, ok: 200, owned: true},
		"POST /products/bulk":                           {path: fixed("/products/bulk"), body: `{"products":[{"product_name":"Lamp","product_price":1}]}`, ok: 200},
		"GET /products/{id}":                            {path: ofProduct, ok: 200, owned: true},
		"PATCH /products/{id}":                          {path: ofProduct, body: `{"product_name":"Torch"}`, ok: 200, owned: true},
		"DELETE /products/{id}":                         {path: ofProduct, ok: 204, owned: true},
		"PUT /products/external/{external_id}":          {path: func(m *matrix) string { return fmt.Sprintf("/products/external/SKU%%2F%d", m.sent) }, body: `{"product_name":"Lamp","product_price":1}`, ok: 201},
		"GET /products/{id}/images":                     {path: func(m *matrix) string { return ofProduct(m) + "/images" }, ok: 200, owned: true},
		"POST /products/{id}/images":                    {path: func(m *matrix) string { return ofProduct(m) + "/images" }, body: `{"source_url":"https://example.com/more.jpg"}`, ok: 201, owned: true},
		"PATCH /products/{id}/images/{image_id}":        {path: ofImage(""), body: `{"alt":"A lamp"}`, ok: 200, owned: true},
		"DELETE /products/{id}/images/{image_id}":       {path: ofImage(""), ok: 204, owned: true},
		"GET /products/{id}/images/{image_id}":          {path: ofImage(""), ok: 200, owned: true},
		"GET /products/{id}/images/{image_id}/attempts": {path: ofImage("/attempts"), ok: 200, owned: true},
		"GET /products/{id}/images/{image_id}/source":   {path: func(m *matrix) string { return m.upload() + "/source" }, ok: 200, owned: true},
		"POST /products/{id}/images/{image_id}/refresh": {path: func(m *matrix) string { return m.ready() + "/refresh" }, ok: 202, owned: true},
		"POST /products/{id}/images/{image_id}/replay":  {path: ofImage("/replay"), ok: 202, owned: true},
		"POST /uploads":                                 {path: fixed("/uploads"), body: announced("picture"), ok: 201},
		"GET /uploads/{id}":                             {path: func(m *matrix) string { path, _ := m.begun(); return path }, ok: 200, owned: true},
		"POST /uploads/{id}/complete":                   {path: func(m *matrix) string { return m.sentUpload() + "/complete" }, ok: 200, owned: true},
		"PUT /uploads/{id}/content":                     {path: func(m *matrix) string { _, url := m.begun(); return url }, body: "picture", ok: 204},
		"GET /products/{id}/events":                     {path: func(m *matrix) string { return ofProduct(m) + "/events" }, ok: 200, owned: true},
		"GET /events":                                   {path: fixed("/events"), ok: 200},
		"POST /events/token":                            {path: fixed("/events/token"), ok: 200},
		"GET /exports":                                  {path: func(m *matrix) string { return fmt.Sprintf("/exports?user_id=%d", m.owner) }, ok: 200, owned: true},
		"POST /imports":                                 {path: fixed("/imports"), body: `{"product_name":"Lamp","product_price":1}`, ok: 202},
		"GET /imports":                                  {path: func(m *matrix) string { return fmt.Sprintf("/imports?user_id=%d", m.owner) }, ok: 200, owned: true},
		"GET /imports/{id}":                             {path: func(m *matrix) string { return m.imported() }, ok: 200, owned: true},
		"GET /imports/{id}/results":                     {path: func(m *matrix) string { return m.imported() + "/results" }, ok: 200, owned: true},
		"POST /imports/{id}/pause":                      {path: func(m *matrix) string { return m.imported() + "/pause" }, ok: 200, owned: true},
		"POST /imports/{id}/resume":                     {path: func(m *matrix) string { return m.imported() + "/resume" }, ok: 200, owned: true},
		"POST /imports/{id}/cancel":                     {path: func(m *matrix) string { return m.imported() + "/cancel" }, ok: 200, owned: true},
		"POST /images/refresh":                          {path: fixed("/images/refresh"), body: `{"all":true,"dry_run":true}`, ok: 200},
		"GET /images/refresh/{id}":                      {path: ofRefresh(""), ok: 200, owned: true},
		"POST /images/refresh/{id}/abort":               {path: ofRefresh("/abort"), ok: 200, owned: true},
		"GET /dead-letters":                             {path: fixed("/dead-letters"), ok: 200},
		"GET /dead-letters/summary":                     {path: fixed("/dead-letters/summary"), ok: 200},
		"POST /dead-letters/replay":                     {path: fixed("/dead-letters/replay"), body: `{"all":true,"dry_run":true}`, ok: 200},
		"POST /dead-letters/discard":                    {path: fixed("/dead-letters/discard"), body: `{"all":true,"dry_run":true}`, ok: 200},
		"GET /dead-letters/jobs":                        {path: fixed("/dead-letters/jobs"), ok: 200},
		"GET /dead-letters/jobs/{id}":                   {path: ofJob(""), ok: 200, owned: true},
		"POST /dead-letters/jobs/{id}/abort":            {path: ofJob("/abort"), ok: 200, owned: true},
		"GET /queue":                                    {path: fixed("/queue"), ok: 200},
		"GET /findings":                                 {path: fixed("/findings"), ok: 200},
		"GET /consistency":                              {path: fixed("/consistency"), ok: 200},
		"GET /queue/history":                            {path: fixed("/queue/history?minutes=5"), ok: 200},
		"GET /hosts":                                    {path: fixed("/hosts"), ok: 200},
		"POST /hosts/{host}/try":                        {path: func(m *matrix) string { return "/hosts/" + m.openHost() + "/try" }, ok: 200},
		"POST /users":                                   {path: fixed("/users"), body: `{"name":"Jo"}`, ok: 201},
		"GET /users":                                    {path: fixed("/users"), ok: 200},
		"GET /users/{id}":                               {path: ofUser, ok: 200},
		"PATCH /users/{id}":                             {path: ofUser, body: `{"name":"Joe"}`, ok: 200},
		"DELETE /users/{id}":                            {path: ofUser, ok: 204},
		"GET /users/{id}/erasure":                       {path: func(m *matrix) string { return m.erasure() }, ok: 200},
		"POST /keys":                                    {path: fixed("/keys"), body: `{"name":"k","scopes":["products:read"]}`, ok: 201},
		"GET /keys":                                     {path: fixed("/keys"), ok: 200},
		"GET /keys/{id}":                                {path: ofKey(""), ok: 200},
		"DELETE /keys/{id}":                             {path: ofKey(""), ok: 200},
		"POST /keys/{id}/rotate":                        {path: ofKey("/rotate"), body: `{}`, ok: 201},
		"GET /audit":                                    {path: fixed("/audit"), ok: 200},
		"GET /images/{key...}":                          {path: fixed("/images/a"), ok: 404},
		"GET /problems/{name}":                          {path: fixed("/problems/not-found"), ok: 200},
		"GET /docs":                                     {path: fixed("/docs"), ok: 200},
		"GET /docs/{name}":                              {path: fixed("/docs/reliability.md"), ok: 200},
		"GET /docs/images/{name}":                       {path: fixed("/docs/images/console-now.webp"), ok: 200},
		"GET /llms.txt":                                 {path: fixed("/llms.txt"), ok: 200},
		"GET /openapi.json":                             {path: fixed("/openapi.json"), ok: 200},
		"GET /openapi.yaml":                             {path: fixed("/openapi.yaml"), ok: 200},
		"GET /healthz":                                  {path: fixed("/healthz"), ok: 200},
		"GET /readyz":                                   {path: fixed("/readyz"), ok: 200},
		"POST /webhooks":                                {path: ofNewHook, body: `{"url":"https://a.example/"}`, ok: 201},
		"GET /webhooks":                                 {path: fixed("/webhooks"), ok: 200},
		"GET /webhooks/{id}":                            {path: ofHook(""), ok: 200, owned: true},
		"PATCH /webhooks/{id}":                          {path: ofHook(""), body: `{"name":"shop"}`, ok: 200, owned: true},
		"DELETE /webhooks/{id}":                         {path: ofHook(""), ok: 204, owned: true},
		"POST /webhooks/{id}/test":                      {path: ofHook("/test"), body: `{}`, ok: 202, owned: true},
		"POST /webhooks/{id}/rotate-secret":             {path: ofHook("/rotate-secret"), body: `{}`, ok: 200, owned: true},
		"POST /webhooks/{id}/redeliver":                 {path: ofHook("/redeliver"), body: `{"after":"evt_e_0"}`, ok: 202, owned: true},
		"GET /webhooks/{id}/deliveries":                 {path: ofHook("/deliveries"), ok: 200, owned: true},
		"POST /webhooks/{id}/deliveries/{delivery_id}/redeliver": {path: ofDelivery, ok: 202, owned: true},
	}
}

// matrix is an API that wants keys, over a real database.
type matrix struct {
	*deadSetup

	accounts     *auth.Accounts
	owner, other int64
	sent         int
}

func newMatrix(t *testing.T, db *sqlstore.Store) *matrix {
	t.Helper()
	s := &deadSetup{setup: &setup{t: t, cache: catalogfake.NewCache(), images: &images{}, logs: &logs{}}, db: db}
	log := slog.New(slog.NewJSONHandler(s.logs, nil))
	s.views = catalog.NewViews(s.cache, catalog.FixedEpoch("e"), log)
	m := &matrix{deadSetup: s, accounts: auth.NewAccounts(db), owner: 1}
	m.deps = httpapi.Deps{
		Service:  catalog.NewService(db, s.views, catalog.DefaultKeyTTL),
		Bulk:     bulk.NewService(db, s.views, catalog.DefaultKeyTTL),
		Failures: failures.NewService(db, db, s.views, func() {}),
		Refresh:  refresh.NewService(db, db, func() {}),
		Work:     dispatch.NewInspector(db, dispatch.DefaultConfig().Limits),
		Attempts: attempts.NewService(db),
		Past:     statistics.NewService(db),
		Runs:     db,
		Feed:     newFeed(db, log),
		Views:    s.views, Images: s.images, URL: imageURL, Ready: ready(log), Log: log, Uploads: newUploads(t, s.db),
		Accounts: m.accounts, Webhooks: hooks(db, log), HasKeys: true, Signing: signing.New(db, log), Authorize: guard.New(auth.NewAuthenticator(db, log), nil).Authorize,
		Exports: newExports(db, log), Imports: newImports(t, db, s),
	}
	m.deps.Findings = findings.NewService(findings.Sources{Queue: m.deps.Work, Failures: m.deps.Failures, Store: db, Parts: m.deps.Ready}, log)
	s.handler = newAPI(t, m.deps)
	m.other = m.user()
	return m
}

func (m *matrix) user() int64 {
	m.t.Helper()
	u, err := m.accounts.AddUser(m.t.Context(), auth.Everyone(), auth.UserDraft{Name: "More"})
	if err != nil {
		m.t.Fatal(err)
	}
	return u.ID
}

// erasure is the path of the job that erases a user.
func (m *matrix) erasure() string {
	m.t.Helper()
	path := pathOf("/users", m.user())
	w := m.as(m.key(m.owner, auth.Admin).Secret, http.MethodDelete, path+"?cascade=true", "")
	wantStatus(m.t, w, http.StatusAccepted)
	return w.Header().Get("Location")
}

func (m *matrix) key(user int64, scopes ...auth.Scope) auth.Created {
	m.t.Helper()
	k, err := m.accounts.CreateKey(m.t.Context(), auth.Everyone(), auth.KeyDraft{UserID: user, Name: "key", Scopes: scopes})
	if err != nil {
		m.t.Fatal(err)
	}
	return k
}

// failed is a product of the owner and its image, which has failed.
func (m *matrix) failed() (product, image int64) {
	m.t.Helper()
	product, images := m.fail("source_not_found", "gone.example", 1)
	return product, images[0]
}

// ready is the path of an image of the owner, which is ready.
func (m *matrix) ready() string {
	m.t.Helper()
	product, images := m.deadSetup.ready("shop.example", 1)
	return fmt.Sprintf("/products/%d/images/%d", product, images[0])
}

// upload is the path of an image of the owner, whose picture was sent.
func (m *matrix) upload() string {
	m.t.Helper()
	product, _ := m.failed()
	body, contentType := form(m.t, file("picture"))
	w := m.as(m.key(m.owner, auth.ProductsWrite).Secret, http.MethodPost, pathOf("/products", product)+"/images", body, "Content-Type", contentType)
	wantStatus(m.t, w, http.StatusCreated)
	return w.Header().Get("Location")
}

// begun is the path of an upload of the owner, and where its picture is to be sent.
func (m *matrix) begun() (path, url string) {
	m.t.Helper()
	w := m.as(m.key(m.owner, auth.ProductsWrite).Secret, http.MethodPost, "/uploads", announced("picture"))
	wantStatus(m.t, w, http.StatusCreated)
	var made struct{ URL string }
	if err := json.Unmarshal(w.Body.Bytes(), &made); err != nil {
		m.t.Fatal(err)
	}
	return w.Header().Get("Location"), made.URL
}

// sentUpload is the path of an upload of the owner whose picture was sent.
func (m *matrix) sentUpload() string {
	m.t.Helper()
	path, url := m.begun()
	wantStatus(m.t, m.as("", http.MethodPut, url, "picture", "Content-Type", "application/octet-stream"), http.StatusNoContent)
	return path
}

// job is one of the owner's, which has not ended.
func (m *matrix) job() int64 {
	m.t.Helper()
	m.failed()
	w := m.as(m.key(m.owner, auth.ImagesRetry).Secret, http.MethodPost, "/dead-letters/discard", `{"all":true,"rate":1}`)
	wantStatus(m.t, w, http.StatusAccepted)
	var job struct{ ID int64 }
	if err := json.Unmarshal(w.Body.Bytes(), &job); err != nil {
		m.t.Fatal(err)
	}
	return job.ID
}

// refresh is the path of a job that fetches images of the owner again and has not ended.
func (m *matrix) refresh() string {
	m.t.Helper()
	w := m.as(m.key(m.owner, auth.ImagesRetry).Secret, http.MethodPost, "/images/refresh", `{"all":true,"rate":1}`)
	wantStatus(m.t, w, http.StatusAccepted)
	return w.Header().Get("Location")
}

// as sends a request with the key, "" for none, from an address of its own.
func (m *matrix) as(secret, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	m.t.Helper()
	if secret != "" {
		headers = append(headers, "Authorization", "Bearer "+secret)
	}
	r := m.request(method, path, body, headers...)
	m.sent++
	r.RemoteAddr = fmt.Sprintf("10.0.%d.%d:1234", m.sent/256%256, m.sent%256)
	return m.send(r)
}

// revoked is a key that is not valid any more.
func (m *matrix) revoked() string {
	m.t.Helper()
	k := m.key(m.owner, auth.ProductsRead)
	if _, err := m.accounts.RevokeKey(m.t.Context(), auth.Everyone(), k.ID); err != nil {
		m.t.Fatal(err)
	}
	return k.Secret
}

// hooks are the webhooks of the store, with another epoch than there is.
func hooks(db *sqlstore.Store, log *slog.Logger) *webhook.Service {
	check := func(url string) string {
		if strings.Contains(url, "127.0.0.1") {
			return "cannot be used: it is private."
		}
		return ""
	}
	return webhook.NewService(db, check, webhook.Box{}, events.NewHorizon(db, events.DefaultHorizonConfig(), log).Now, func() string { return "e" })
}

// principal is who keeps the webhooks of the user.
func (m *matrix) principal(user int64) auth.Principal {
	return auth.Principal{User: user, Caller: user, Scopes: auth.Scopes{auth.Webhooks}}
}

// dropHooks leaves neither the owner nor the other at the limit of webhooks.
func (m *matrix) dropHooks() {
	m.t.Helper()
	for _, user := range []int64{m.owner, m.other} {
		list, _, err := m.deps.Webhooks.List(m.t.Context(), m.principal(user), 0, 0, 0)
		if err != nil {
			m.t.Fatal(err)
		}
		for _, e := range list[:max(0, len(list)-webhook.MaxPerUser/2)] {
			if err := m.deps.Webhooks.Delete(m.t.Context(), m.principal(user), e.ID); err != nil {
				m.t.Fatal(err)
			}
		}
	}
}

// hook is a webhook of the owner.
func (m *matrix) hook() webhook.Endpoint {
	m.t.Helper()
	m.dropHooks()
	e, _, err := m.deps.Webhooks.Create(m.t.Context(), m.principal(m.owner), webhook.Draft{URL: "https://shop.example/"})
	if err != nil {
		m.t.Fatal(err)
	}
	return e
}

// delivery is one that waits for the webhook.
func (m *matrix) delivery(hook int64) int64 {
	m.t.Helper()
	d, err := m.deps.Webhooks.Test(m.t.Context(), m.principal(m.owner), hook, "")
	if err != nil {
		m.t.Fatal(err)
	}
	return d.ID
}

// from sends a request with the key from the address.
func (m *matrix) from(address, secret string) *httptest.ResponseRecorder {
	r := m.request(http.MethodGet, "/products", "", "Authorization", "Bearer "+secret)
	r.RemoteAddr = address
	return m.send(r)
}

func pathOf(collection string, id int64) string { return collection + "/" + strconv.FormatInt(id, 10) }

// TestAuthorization calls every route with every kind of key, about what is the user's own
// and another's.
func TestAuthorization(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(*testing.T) *sqlstore.Store{
		"sqlite":   func(t *testing.T) *sqlstore.Store { t.Helper(); return openSQLite(t) },
		"postgres": openPostgres,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMatrix(t, open(t))
			rows, routes := matrixRows(), httpapi.Scopes()
			for route, scopes := range routes {
				row, there := rows[route]
				if !there {
					t.Errorf("%s has no row", route)
					continue
				}
				m.checkRoute(route, scopes, row)
			}
			for route := range rows {
				if _, there := routes[route]; !there {
					t.Errorf("there is no route %s", route)
				}
			}
		})
	}
}

func openPostgres(t *testing.T) *sqlstore.Store {
	t.Helper()
	store, err := sqlstore.OpenPostgres(t.Context(), storetest.PostgresConfig(t, testserver.Postgres(t)), slog.New(slog.DiscardHandler))
	if err == nil {
		_, err = store.Migrate(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}

func (m *matrix) checkRoute(route string, scopes []string, row matrixRow) {
	m.t.Helper()
	method, _, _ := strings.Cut(route, " ")
	want := func(who string, w *httptest.ResponseRecorder, status int, challenge string) {
		m.t.Helper()
		if w.Code != status {
			m.t.Errorf("%s, %s: %d, want %d: %s", route, who, w.Code, status, w.Body)
		}
		if got := w.Header().Get("WWW-Authenticate"); got != challenge {
			m.t.Errorf("%s, %s: challenge %q, want %q", route, who, got, challenge)
		}
	}
	if len(scopes) == 0 {
		want("no key", m.as("", method, row.path(m), row.body), row.ok, "")
		want("a wrong key", m.as("x", method, row.path(m), row.body), row.ok, "")
		return
	}
	const realm = `Bearer realm="vitrine"`
	want("no key", m.as("", method, row.path(m), row.body), http.StatusUnauthorized, realm)
	want("a wrong key", m.as("vit_x", method, row.path(m), row.body), http.StatusUnauthorized, realm+`, error="invalid_token"`)
	lacks := realm + `, error="insufficient_scope", scope="` + strings.Join(scopes, " ") + `"`
	crosses := slices.Contains(scopes, string(auth.Operator)) // what operators do, they do for every user
	for _, scope := range auth.AllScopes() {
		may := scope == auth.Admin || slices.Contains(scopes, string(scope))
		own, foreign := m.key(m.owner, scope).Secret, m.key(m.other, scope).Secret
		if !may {
			want("own with "+string(scope), m.as(own, method, row.path(m), row.body), http.StatusForbidden, lacks)
			want("another's with "+string(scope), m.as(foreign, method, row.path(m), row.body), http.StatusForbidden, lacks)
			continue
		}
		path := row.path(m)
		switch { // before the owner, whose answer is in the cache then, and after
		case !row.owned || crosses && (scope == auth.Operator || scope == auth.Admin):
			want("another's with "+string(scope), m.as(foreign, method, row.path(m), row.body), row.ok, "")
		default:
			m.wantHidden(route, method, path, row.body, foreign)
			want("own with "+string(scope), m.as(own, method, path, row.body), row.ok, "")
			if method == http.MethodGet {
				m.wantHidden(route, method, path, row.body, foreign)
			}
		}
		want("own with "+string(scope), m.as(own, method, row.path(m), row.body), row.ok, "")
	}
	want("a revoked key", m.as(m.revoked(), method, row.path(m), row.body), http.StatusUnauthorized, realm+`, error="invalid_token"`)
	admin := m.key(m.other, auth.Admin).Secret
	done := m.as(admin, method, row.path(m), row.body, guard.HeaderUser, strconv.FormatInt(m.owner, 10))
	want("an admin for the owner", done, row.ok, "")
	m.wantEntry(route, done)
	want("an admin for no one", m.as(admin, method, row.path(m), row.body, guard.HeaderUser, "4711"), http.StatusNotFound, "")
	want("an admin for nonsense", m.as(admin, method, row.path(m), row.body, guard.HeaderUser, "0"), http.StatusBadRequest, "")
	want("no admin for another", m.as(m.key(m.other, allButAdmin()...).Secret, method, row.path(m), row.body, guard.HeaderUser, strconv.FormatInt(m.owner, 10)),
		http.StatusForbidden, realm+`, error="insufficient_scope", scope="admin"`)
}

// wantEntry asserts that what an admin has done for another user stands in the audit log once.
func (m *matrix) wantEntry(route string, done *httptest.ResponseRecorder) {
	m.t.Helper()
	entries, _, err := m.accounts.Audit(m.t.Context(), 0, 10)
	if err != nil {
		m.t.Fatal(err)
	}
	of := map[bool][]string{}
	for _, e := range entries {
		if e.RequestID == done.Header().Get("X-Request-Id") {
			of[e.Action == route] = append(of[e.Action == route], e.Action)
		}
	}
	changes := !strings.HasPrefix(route, http.MethodGet)
	if n := len(of[true]) + min(1, len(of[false])); n != map[bool]int{true: 1}[changes] { // one of the request, or those of what it changed
		m.t.Errorf("%s by an admin for the owner has the entries %v", route, of)
	}
}

func allButAdmin() []auth.Scope {
	return slices.DeleteFunc(auth.AllScopes(), func(s auth.Scope) bool { return s == auth.Admin })
}

// wantHidden asserts that a foreign key gets what it would get if there were no such thing.
func (m *matrix) wantHidden(route, method, path, body, foreign string) {
	m.t.Helper()
	if strings.Contains(path, "?user_id=") {
		if w := m.as(foreign, method, path, body); w.Code != http.StatusForbidden {
			m.t.Errorf("%s of another user: %d: %s", route, w.Code, w.Body)
		}
		return
	}
	missing := missingPath(path)
	conditions := []string{"If-Match"}
	if method == http.MethodGet {
		conditions = append(conditions, "If-None-Match")
	}
	for _, condition := range conditions {
		hidden := m.as(foreign, method, path, body, condition, "*", "X-Request-Id", "r")
		none := m.as(foreign, method, missing, body, condition, "*", "X-Request-Id", "r")
		if hidden.Code != http.StatusNotFound || hidden.Body.String() != none.Body.String() {
			m.t.Errorf("%s of another user: %d: %s\nof no one: %d: %s", route, hidden.Code, hidden.Body, none.Code, none.Body)
		}
	}
}

// missingPath is the path with other ids.
func missingPath(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		if _, err := strconv.Atoi(p); err == nil {
			parts[i] = "999999999"
		}
	}
	return strings.Join(parts, "/")
}

// TestScopedByPrincipal: lists, bodies and ids are of the key's user, whatever the request
// says.
func TestScopedByPrincipal(t *testing.T) {
	t.Parallel()
	m := newMatrix(t, openSQLite(t))
	own, foreign := m.key(m.owner, allButOperator()...).Secret, m.key(m.other, allButOperator()...).Secret
	const lamp = `{"product_name":"Lamp","product_price":1}`
	first := m.as(own, http.MethodPost, "/products", lamp, "Idempotency-Key", "k")
	wantStatus(t, first, http.StatusCreated)
	second := m.as(foreign, http.MethodPost, "/products", lamp, "Idempotency-Key", "k")
	if second.Code != http.StatusCreated || second.Header().Get("Location") == first.Header().Get("Location") || second.Header().Get("Idempotency-Replayed") != "" {
		t.Errorf("the key of another user: %d at %s, first at %s", second.Code, second.Header().Get("Location"), first.Header().Get("Location"))
	}
	named := fmt.Sprintf(`{"user_id":%d,"product_name":"Lamp","product_price":1}`, m.owner)
	wantStatus(t, m.as(own, http.MethodPost, "/products", named), http.StatusCreated)
	wantStatus(t, m.as(foreign, http.MethodPost, "/products", named), http.StatusForbidden)
	wantStatus(t, m.as(own, http.MethodGet, "/products", ""), http.StatusOK) // its user may be left out
	if w := m.as(foreign, http.MethodGet, "/products", ""); strings.Count(w.Body.String(), `"id"`) != 1 {
		t.Errorf("the list of the other user: %s", w.Body)
	}
	_, image := m.failed()
	if w := m.as(foreign, http.MethodGet, "/dead-letters", ""); w.Body.String() != `{"data":[]}`+"\n" {
		t.Errorf("dead letters of the other user: %s", w.Body)
	}
	byID := fmt.Sprintf(`{"ids":["image-%d"]}`, image)
	for _, action := range []string{"replay", "discard"} {
		w := m.as(foreign, http.MethodPost, "/dead-letters/"+action, byID)
		if wantStatus(t, w, http.StatusOK); !strings.Contains(w.Body.String(), `"done":0`) || !strings.Contains(w.Body.String(), "is not a dead letter") {
			t.Errorf("%s of another's: %s", action, w.Body)
		}
		w = m.as(foreign, http.MethodPost, "/dead-letters/"+action, `{"all":true}`)
		if wantStatus(t, w, http.StatusOK); !strings.Contains(w.Body.String(), `"matched":0`) {
			t.Errorf("%s of all: %s", action, w.Body)
		}
		wantStatus(t, m.as(foreign, http.MethodPost, "/dead-letters/"+action, fmt.Sprintf(`{"filter":{"user_id":%d}}`, m.owner)), http.StatusForbidden)
	}
	if w := m.as(own, http.MethodPost, "/dead-letters/replay", byID); !strings.Contains(w.Body.String(), `"done":1`) {
		t.Errorf("replay of its own: %s", w.Body)
	}
	// An admin who acts for a user sees and changes what that user would.
	_, image = m.failed()
	byID = fmt.Sprintf(`{"ids":["image-%d"]}`, image)
	admin, acting := m.key(m.owner, auth.Admin).Secret, []string{guard.HeaderUser, strconv.FormatInt(m.other, 10)}
	if w := m.as(admin, http.MethodGet, "/dead-letters", "", acting...); w.Body.String() != `{"data":[]}`+"\n" {
		t.Errorf("dead letters of all users for one: %s", w.Body)
	}
	for _, body := range []string{byID, `{"all":true}`} {
		if w := m.as(admin, http.MethodPost, "/dead-letters/discard", body, acting...); !strings.Contains(w.Body.String(), `"done":0`) {
			t.Errorf("%s for another user: %s", body, w.Body)
		}
	}
	if w := m.as(admin, http.MethodGet, "/products", "", acting...); strings.Count(w.Body.String(), `"id"`) != 1 {
		t.Errorf("the list of all users for one: %s", w.Body)
	}
}

func allButOperator() []auth.Scope {
	return slices.DeleteFunc(allButAdmin(), func(s auth.Scope) bool { return s == auth.Operator })
}

// TestWrongKeysAreLimited: an address that has sent too many wrong keys has to wait, with
// its whole network, but a key that is known meanwhile goes on working.
func TestWrongKeysAreLimited(t *testing.T) {
	t.Parallel()
	m := newMatrix(t, openSQLite(t))
	from := m.from
	const address, neighbour, stranger = "[2001:db8::1]:99", "[2001:db8::ffff:2]:7", "[2001:db8:0:1::1]:99"
	known, fresh := m.key(m.owner, auth.ProductsRead).Secret, m.key(m.owner, auth.ProductsRead).Secret
	wantStatus(t, from(address, known), http.StatusOK)
	tried := 0
	for range 100 { // what is no key was asked of no one
		wantStatus(t, from(address, "vit_no"), http.StatusUnauthorized)
	}
	wrong := m.revoked()
	for w := from(address, wrong); w.Code != http.StatusTooManyRequests; w = from(address, wrong) {
		wantStatus(t, w, http.StatusUnauthorized)
		if tried++; tried > 1000 {
			t.Fatal("there is no limit")
		}
	}
	w := from(neighbour, wrong)
	for tries := 1; w.Code == http.StatusUnauthorized && tries < 5; tries++ { // the limit recovers while the machine is busy
		w = from(neighbour, wrong)
	}
	if wantStatus(t, w, http.StatusTooManyRequests); w.Header().Get("Retry-After") == "" {
		t.Error("there is no Retry-After")
	}
	wantStatus(t, from(address, known), http.StatusOK)
	wantStatus(t, from(stranger, fresh), http.StatusOK)
}

// TestAuthorizationHeader: what is no key gets 401 and says why.
func TestAuthorizationHeader(t *testing.T) {
	t.Parallel()
	m := newMatrix(t, openSQLite(t))
	good := m.key(m.owner, auth.ProductsRead).Secret
	for header, status := range map[string]int{
		"Bearer " + good: 200, "bearer  " + good: 200, "BEARER " + good: 200,
		good: 401, "Basic " + good: 401, "Bearer": 401, "Bearer " + good[:len(good)-1]: 401, "Bearer " + good + "0": 401,
		"Bearer " + strings.ToUpper(good): 401, "Bearer " + good + " " + good: 401,
	} {
		if w := m.do(http.MethodGet, "/products", "", "Authorization", header); w.Code != status {
			t.Errorf("%q: %d: %s", header, w.Code, w.Body)
		}
	}
	r := m.request(http.MethodGet, "/products", "")
	r.Header["Authorization"] = []string{"Bearer " + good, "Bearer " + good}
	wantStatus(t, m.send(r), http.StatusUnauthorized)
}

// TestOperatorsAreAudited: what operators change, and what an admin changes for another
// user, stands in the audit log; what a user does to its own does not.
func TestOperatorsAreAudited(t *testing.T) {
	t.Parallel()
	m := newMatrix(t, openSQLite(t))
	_, image := m.failed()
	before, _, err := m.accounts.Audit(t.Context(), 0, paging.Most)
	if err != nil {
		t.Fatal(err)
	}
	own, operator, admin := m.key(m.owner, allButOperator()...), m.key(m.other, auth.Operator), m.key(m.other, auth.Admin)
	byID := fmt.Sprintf(`{"ids":["image-%d"]}`, image)
	wantStatus(t, m.as(own.Secret, http.MethodPost, "/dead-letters/replay", byID), http.StatusOK)
	wantStatus(t, m.as(operator.Secret, http.MethodPost, "/dead-letters/discard", byID), http.StatusOK)
	wantStatus(t, m.as(operator.Secret, http.MethodPost, "/dead-letters/jobs/999/abort", ""), http.StatusNotFound)
	wantStatus(t, m.as(operator.Secret, http.MethodGet, "/dead-letters", ""), http.StatusOK)
	const lamp = `{"product_name":"Lamp","product_price":1}`
	wantStatus(t, m.as(own.Secret, http.MethodPost, "/products", lamp), http.StatusCreated)
	wantStatus(t, m.as(admin.Secret, http.MethodPost, "/products", lamp, guard.HeaderUser, strconv.FormatInt(m.owner, 10)), http.StatusCreated)
	entries, _, err := m.accounts.Audit(t.Context(), 0, paging.Most)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries[:len(entries)-len(before)] {
		if e.Action != "key.create" {
			got = append(got, fmt.Sprintf("%s %s %s %s", e.KeyPrefix, e.Action, e.Target, e.Outcome))
		}
	}
	want := []string{
		admin.Prefix + " POST /products /products done",
		operator.Prefix + " POST /dead-letters/jobs/{id}/abort /dead-letters/jobs/999/abort refused with 404",
		operator.Prefix + " POST /dead-letters/discard /dead-letters/discard done",
	}
	if !slices.Equal(got, want) {
		t.Errorf("the audit log has\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestRefusalsAreAudited: who may not change users or keys, act as an operator or for another
// user stands in the audit log, once a second for each key; what may not be read does not.
func TestRefusalsAreAudited(t *testing.T) {
	t.Parallel()
	m := newMatrix(t, openSQLite(t))
	job := m.job()
	wantStatus(t, m.as(m.key(m.other, auth.Operator).Secret, http.MethodPost, "/dead-letters/discard", fmt.Sprintf(`{"filter":{"user_id":%d},"rate":1}`, m.owner)), http.StatusAccepted)
	refused := func(scope auth.Scope, method, path string, headers ...string) string {
		t.Helper()
		k := m.key(m.owner, scope)
		for range 50 { // within a second or two
			wantStatus(t, m.as(k.Secret, method, path, `{"filter":{"user_id":4711}}`, headers...), http.StatusForbidden)
		}
		return k.Prefix
	}
	another := strconv.FormatInt(m.other, 10)
	want := map[string]string{
		refused(auth.Operator, http.MethodPost, "/users"):                                             "POST /users /users",
		refused(auth.ProductsWrite, http.MethodDelete, "/keys/7"):                                     "DELETE /keys/{id} /keys/7",
		refused(auth.ProductsRead, http.MethodPost, "/dead-letters/replay"):                           "POST /dead-letters/replay /dead-letters/replay",
		refused(auth.ImagesRetry, http.MethodPost, "/images/refresh"):                                 "POST /images/refresh /images/refresh",
		refused(auth.ProductsWrite, http.MethodPost, "/products", guard.HeaderUser, another):          "POST /products /products",
		refused(auth.ImagesRetry, http.MethodPost, fmt.Sprintf("/dead-letters/jobs/%d/abort", job+1)): fmt.Sprintf("POST /dead-letters/jobs/{id}/abort /dead-letters/jobs/%d/abort", job+1),
	}
	for _, quiet := range []string{
		refused(auth.ProductsRead, http.MethodPost, "/products"), refused(auth.ProductsRead, http.MethodGet, "/users"),
		refused(auth.ProductsWrite, http.MethodGet, "/products", guard.HeaderUser, another),
	} {
		want[quiet] = ""
	}
	entries, _, err := m.accounts.Audit(t.Context(), 0, paging.Most)
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, e := range entries {
		if e.Outcome != auth.Refused {
			continue
		}
		count[e.KeyPrefix]++
		if got := e.Action + " " + e.Target; got != want[e.KeyPrefix] || e.UserID != m.owner || e.Address == "" || e.RequestID == "" {
			t.Errorf("entry %+v, want one of %q", e, want[e.KeyPrefix])
		}
	}
	for prefix, action := range want {
		if n := count[prefix]; (n > 0) != (action != "") || n > 40 {
			t.Errorf("%q has %d entries", action, n)
		}
	}
}
