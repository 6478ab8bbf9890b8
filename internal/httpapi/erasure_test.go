package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"vitrine.dev/internal/auth"
	"vitrine.dev/internal/catalog"
	"vitrine.dev/internal/job"
)

// TestErasure deletes a user with products: by cascade only, by a job that can be read
// before and after, and not be aborted.
func TestErasure(t *testing.T) {
	t.Parallel()
	m := newMatrix(t, openSQLite(t))
	admin, operator := m.key(m.owner, auth.Admin).Secret, m.key(m.owner, auth.Operator).Secret
	theirs := m.key(m.other, auth.ProductsWrite).Secret
	for range 3 {
		if _, err := m.db.CreateProduct(t.Context(), catalog.NewProduct{UserID: m.other, Name: "Lamp"}); err != nil {
			t.Fatal(err)
		}
	}
	path := pathOf("/users", m.other)
	for _, query := range []string{"", "?cascade=false", "?cascade="} {
		wantStatus(t, m.as(admin, http.MethodDelete, path+query, ""), http.StatusConflict)
	}
	for _, query := range []string{"?cascade=1", "?cascade=TRUE", "?cascade=true&cascade=true", "?cascades=true", "?cascade=true&x=1"} {
		wantStatus(t, m.as(admin, http.MethodDelete, path+query, ""), http.StatusUnprocessableEntity)
	}
	wantStatus(t, m.as(operator, http.MethodDelete, path+"?cascade=true", ""), http.StatusForbidden)
	wantStatus(t, m.as(admin, http.MethodGet, path+"/erasure", ""), http.StatusNotFound)
	wantStatus(t, m.as(admin, http.MethodDelete, "/users/4711?cascade=true", ""), http.StatusNotFound)

	if w := m.as(admin, http.MethodGet, path, ""); strings.Contains(w.Body.String(), "erasing") {
		t.Errorf("a user who is not erased: %s", w.Body)
	}
	began := m.erase(admin, http.MethodDelete, path+"?cascade=true", http.StatusAccepted)
	if began.UserID != m.other || began.Total != 3 || began.Done != 0 || began.State != "running" {
		t.Errorf("it began as %+v", began)
	}
	if w := m.as(admin, http.MethodGet, path, ""); !strings.Contains(w.Body.String(), `"erasing_since":"20`) {
		t.Errorf("a user who is erased: %s", w.Body)
	}
	if again := m.erase(admin, http.MethodDelete, path+"?cascade=true", http.StatusAccepted); again.ID != began.ID {
		t.Errorf("asked for again: %+v", again)
	}
	wantStatus(t, m.as(theirs, http.MethodPost, "/products", `{"product_name":"Late","product_price":1}`), http.StatusUnauthorized)
	of := strconv.FormatInt(m.other, 10)
	wantStatus(t, m.as(admin, http.MethodPost, "/products", `{"product_name":"Late","product_price":1}`, "Vitrine-User", of), http.StatusNotFound)
	wantStatus(t, m.as(admin, http.MethodPost, "/keys", `{"name":"late","scopes":["products:read"],"user_id":`+of+`}`), http.StatusUnprocessableEntity)

	failed := fmt.Sprintf("/dead-letters/jobs/%d", began.ID)
	wantStatus(t, m.as(operator, http.MethodPost, failed+"/abort", ""), http.StatusConflict)
	wantStatus(t, m.as(operator, http.MethodGet, failed, ""), http.StatusNotFound)
	wantStatus(t, m.as(m.key(m.owner, auth.ImagesRetry).Secret, http.MethodPost, failed+"/abort", ""), http.StatusNotFound)
	if w := m.as(operator, http.MethodGet, "/dead-letters/jobs", ""); !strings.Contains(w.Body.String(), `"data":[]`) {
		t.Errorf("jobs of dead letters: %s", w.Body)
	}

	if _, err := m.db.LeaseJob(t.Context(), "h", time.Minute); err != nil {
		t.Fatal(err)
	}
	for j := (job.Job{State: job.Running}); j.State == job.Running; {
		var err error
		if j, _, err = m.db.AdvanceErasure(t.Context(), job.Batch{JobID: began.ID, Holder: "h", Limit: 2, Lease: time.Minute}); err != nil {
			t.Fatal(err)
		}
	}
	if got := m.erase(admin, http.MethodGet, path+"/erasure", http.StatusOK); got.State != "done" || got.Done != 3 || got.FinishedAt.IsZero() {
		t.Errorf("it ended as %+v", got)
	}
	wantStatus(t, m.as(admin, http.MethodGet, path, ""), http.StatusNotFound)
	wantStatus(t, m.as(admin, http.MethodDelete, path+"?cascade=true", ""), http.StatusNotFound)
	if audit := m.as(admin, http.MethodGet, "/audit", "").Body.String(); !strings.Contains(audit, `"user.erase"`) || !strings.Contains(audit, `"user.erased"`) {
		t.Errorf("audited: %s", audit)
	}
}

type erasure struct {
	ID         int64     `json:"id"`
	UserID     int64     `json:"user_id"`
	Total      int64     `json:"total"`
	Done       int64     `json:"done"`
	State      string    `json:"state"`
	FinishedAt time.Time `json:"finished_at"`
}

func (m *matrix) erase(key, method, path string, status int) (e erasure) {
	m.t.Helper()
	w := m.as(key, method, path, "")
	wantStatus(m.t, w, status)
	if err := json.Unmarshal(w.Body.Bytes(), &e); err != nil {
		m.t.Fatal(err)
	}
	return e
}
