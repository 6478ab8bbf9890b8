package wire

import "time"

// CurrentImage is one image as it is now, not as a cache has it.
type CurrentImage struct {
	Image

	Position     int    `json:"position"                minimum:"0" doc:"Among the images of the product" example:"0"`
	RefreshError string `json:"refresh_error,omitempty" doc:"The code of the reason for which a ready image could not be fetched again the last time; it shows what it did. Absent where that did not fail" example:"source_timeout" typical:"false"`

	Waiting *Waiting `json:"waiting,omitempty" doc:"What a pending image waits for; absent while it is worked on, and for every other status" typical:"false"`
}

// ImageAttempts are the attempts at an image that have ended.
type ImageAttempts struct {
	Data []ImageAttempt `json:"data" nullable:"false" doc:"In the order in which they ended"`
}

// ImageAttempt is an attempt at an image that has ended.
type ImageAttempt struct {
	Attempt    int           `json:"attempt"              minimum:"0" doc:"From 1 in each generation. 0: the image failed without an attempt, because its host had long been silent" example:"1"`
	Generation int64         `json:"generation,omitempty" minimum:"1" doc:"Grows with every retry by request, refresh and repair of the image" example:"1"`
	Outcome    string        `json:"outcome"              enum:"ready,retried,failed" doc:"ready: the picture was published. retried: it failed, and there was to be another attempt. failed: it failed, and there was to be none" example:"ready"`
	Reason     *Reason       `json:"reason,omitempty"     doc:"Why it failed; absent where it is ready" typical:"false"`
	BegunAt    *time.Time    `json:"begun_at,omitempty"   doc:"Absent where that is not known: there was no attempt, or its worker was lost" example:"2026-11-02T09:30:10Z"`
	WaitedMS   *int64        `json:"waited_ms,omitempty"  minimum:"0" doc:"For its turn, or its host, until then, since it was last due, in milliseconds; absent where begun_at is" example:"800"`
	EndedAt    time.Time     `json:"ended_at"             example:"2026-11-02T09:30:12Z"`
	Steps      []AttemptStep `json:"steps"                nullable:"false" doc:"Those that had ended when the outcome was written, in their order; none of an attempt whose worker was lost"`
	Status     int           `json:"status,omitempty"     doc:"The HTTP status of the last answer to the download; absent where there was none" example:"200"`
	Redirects  int           `json:"redirects"            minimum:"0" doc:"How many the download followed" example:"0"`
	Published  bool          `json:"published"            doc:"The same content was published before, so nothing was rendered and stored; always false of an attempt that failed"`
	Worker     string        `json:"worker,omitempty"     doc:"The id of the process that made it; absent where that is not known" example:"KQ2VJ5D3M7YB6TRZPHNWCEAX4U"`
	TraceID    string        `json:"trace_id,omitempty"   doc:"Of its trace, where there is one" example:"4bf92f3577b34da6a3ce929d0e0e4736" typical:"false"`
}

// AttemptStep is a step of an attempt that has ended.
type AttemptStep struct {
	Name       string `json:"name"        enum:"fetch,render,store,complete" example:"fetch"`
	DurationMS int64  `json:"duration_ms" minimum:"0" doc:"In milliseconds" example:"180"`
	BytesIn    int64  `json:"bytes_in"    minimum:"0" example:"245000"`
	BytesOut   int64  `json:"bytes_out"   minimum:"0" example:"0"`
	Failed     bool   `json:"failed"      doc:"The attempt ended with it"`

	Hops []Hop `json:"hops,omitempty" doc:"Of a fetch that was redirected: its first 6 requests, in their order. One to an address that may not be reached is not among them. Absent for all others" typical:"false" nullable:"false"`
}

// Hop is a request of a download that was redirected.
type Hop struct {
	Host       string `json:"host,omitempty"   doc:"The last 64 characters of it at most, with its port where that is not the scheme's default. Absent where it is that of the request before; of the first one, that of source_url" example:"cdn.example.com"`
	Status     int    `json:"status,omitempty" doc:"The HTTP status of its answer; absent where there was none" example:"302"`
	DurationMS int64  `json:"duration_ms"      minimum:"0" doc:"Until the answer began, in milliseconds" example:"40"`
}

// Waiting is what an image waits for.
type Waiting struct {
	For   string     `json:"for"             enum:"turn,host,retry" doc:"turn: its turn among the images of all users. host: its host, which has as many images out as it may have, or whose breaker is open because it failed or asked to be left alone (Retry-After). retry: the moment of its next attempt"`
	Until *time.Time `json:"until,omitempty" doc:"retry: when it is due. host: the earliest moment at which the host has room for it: its breaker's end, or when the images of the same user before it have been fetched there. turn: an estimate, from how many are before it and the pace of the last minute. Absent where that is not known" example:"2026-11-02T09:30:12Z"`
}

// Queue is what waits, and what works on it.
type Queue struct {
	AsOf      time.Time      `json:"as_of"      doc:"At most a second old"`
	Slots     int            `json:"slots"      minimum:"0" doc:"Downloads that all live processes have room for" example:"64"`
	InFlight  int            `json:"in_flight"  minimum:"0" doc:"Images that are dispatched or begun, of those counted by state; those that are downloaded and wait to be rendered are among them" example:"12"`
	PerSecond float64        `json:"per_second" minimum:"0" doc:"Attempts that ended in the last minute, a second" example:"8.5"`
	States    []QueueState   `json:"states"     nullable:"false" doc:"All states, also those that no image is in"`
	Users     []QueueUser    `json:"users"      nullable:"false" doc:"Some users: who has most in flight first, then who has most waiting"`
	Turns     []QueueTurn    `json:"turns"      nullable:"false" doc:"Some users with images in line: whose go next first"`
	Hosts     []Host         `json:"hosts"      nullable:"false" doc:"Some hosts: for which most images are parked first, then those from which most are fetched; without fetches"`
	Processes []QueueProcess `json:"processes"  nullable:"false" doc:"Some of the live processes, by role"`
	Lost      []QueueProcess `json:"lost"       nullable:"false" doc:"Some of the processes that have stopped without saying so in the last 24 hours, the latest first"`
}

// QueueState is how many images are in a state. Images that are refreshed or repaired are
// among them.
type QueueState struct {
	State      string     `json:"state"                 enum:"due,in_line,dispatched,begun,parked,later" doc:"due: it has just come, or its retry is due. in_line: it has its rank. dispatched: it is at the queue. begun: a worker has it. parked: its host has no room. later: it is retried at a time"`
	WaitingFor string     `json:"waiting_for,omitempty" enum:"turn,host,retry" doc:"Absent for begun"`
	Images     int        `json:"images"                minimum:"0" doc:"Counted up to a limit" example:"240"`
	More       bool       `json:"more"                  doc:"The limit was reached: there may be more"`
	OldestAt   *time.Time `json:"oldest_at,omitempty"   doc:"When the oldest of those counted was created, or retried by request" example:"2026-11-02T09:29:30Z"`
	WaitedMS   *int64     `json:"waited_ms,omitempty"   minimum:"0" doc:"For how long that of those counted has waited which waits longest, since it was last due, in milliseconds; absent where none is due, and for begun and later" example:"800"`
	DueAt      *time.Time `json:"due_at,omitempty"      doc:"When the first of those counted was due; of later, when the next retry is" example:"2026-11-02T09:29:30Z"`
}

// QueueTurn is where a user's images are in one of the two lines, in the order in which images go out.
type QueueTurn struct {
	UserID  int64      `json:"user_id"            minimum:"1" example:"1"`
	Line    string     `json:"line"               enum:"known,first_contacts" doc:"known: of hosts that answer. first_contacts: of hosts that have never answered, or whose breaker has opened since: they have a quarter of the slots" example:"known"`
	Place   int        `json:"place"              minimum:"1" doc:"How many-th the first of the images is in its line. Those behind it go before it where its user has half of the slots, or its host no room" example:"3"`
	Images  int        `json:"images"             minimum:"1" doc:"Of the user in that line, of those counted by state" example:"240"`
	More    bool       `json:"more"               doc:"Not all were counted: there may be more"`
	FirstAt *time.Time `json:"first_at,omitempty" doc:"When the first of them is done at the pace of the last minute: an estimate. Absent where that is not known: nothing was done lately, or the line is first_contacts" example:"2026-11-02T09:30:12Z"`
	LastAt  *time.Time `json:"last_at,omitempty"  doc:"The same, of the last of those counted" example:"2026-11-02T09:31:40Z"`
}

// QueueUser is how many images of a user are worked on and wait.
type QueueUser struct {
	UserID   int64 `json:"user_id"   minimum:"1" example:"1"`
	InFlight int   `json:"in_flight" minimum:"0" doc:"Dispatched and begun" example:"12"`
	Waiting  int   `json:"waiting"   minimum:"0" doc:"Of those counted by state" example:"240"`
	More     bool  `json:"more"      doc:"Not all were counted: there may be more"`
}

// QueueProcess is a live process.
type QueueProcess struct {
	ID          string    `json:"id" example:"KQ2VJ5D3M7YB6TRZPHNWCEAX4U"`
	Role        string    `json:"role"         enum:"serve,api,worker" example:"worker"`
	Slots       int       `json:"slots"        minimum:"0" doc:"Downloads that it has room for; 0 for one that does not work on images" example:"64"`
	InFlight    int       `json:"in_flight"    minimum:"0" doc:"Images that it worked on at its heartbeat" example:"12"`
	HeartbeatAt time.Time `json:"heartbeat_at"`
	StartedAt   time.Time `json:"started_at"`
	Version     string    `json:"version"      doc:"Of the program; (devel) where it was built outside a release" example:"v1.4.0"`
	Draining    bool      `json:"draining"     doc:"It finishes what it works on, and begins nothing; slots are then those that it still holds"`
	Memory      int64     `json:"memory"       minimum:"0" doc:"Resident bytes of it and its render processes at its heartbeat, shared pages once for each; 0 where that is not known" example:"183500800"`
	Renders     int       `json:"renders"      minimum:"0" doc:"Render processes that were alive at its heartbeat" example:"2"`
	PixelsUsed  int64     `json:"pixels_used"  minimum:"0" doc:"Of pixel_budget, by the pictures that were rendered at its heartbeat" example:"12000000"`
	PixelBudget int64     `json:"pixel_budget" minimum:"0" doc:"Pixels that the pictures that it renders may hold together; 0 for one that has no render processes" example:"100000000"`
}

// QueueHistory is what happened lately.
type QueueHistory struct {
	AsOf   time.Time    `json:"as_of"`
	Length int          `json:"length" enum:"1,5,15" doc:"Minutes that a point stands for" example:"1"`
	Points []QueuePoint `json:"points" nullable:"false" doc:"All of them, also those in which nothing happened, the earliest first"`
}

// QueuePoint is what happened in a part of that time.
type QueuePoint struct {
	At       time.Time `json:"at"        doc:"When its first minute began"`
	Minutes  int       `json:"minutes"   minimum:"1" maximum:"15" doc:"How many of its minutes are over: less than length in the last point only" example:"1"`
	Ready    int64     `json:"ready"     minimum:"0" doc:"Attempts by which an image became ready" example:"412"`
	Retried  int64     `json:"retried"   minimum:"0" doc:"Attempts that failed, with another one to come" example:"9"`
	Failed   int64     `json:"failed"    minimum:"0" doc:"Attempts that failed, with none to come" example:"3"`
	BytesIn  int64     `json:"bytes_in"  minimum:"0" doc:"Bytes that were downloaded, whatever came of the attempt" example:"734003200"`
	BytesOut int64     `json:"bytes_out" minimum:"0" doc:"Bytes that were stored" example:"104857600"`

	Backlog *QueueBacklog `json:"backlog,omitempty" doc:"One moment of each minute; of several, the highest of each figure. Absent where no process looked, as when none was running"`
}

// QueueBacklog is what waited and was in work at one moment.
type QueueBacklog struct {
	Waiting       int   `json:"waiting"        minimum:"0" doc:"Images that were not in flight, counted up to a limit for each state" example:"240"`
	More          bool  `json:"more"           doc:"The limit was reached: there may have been more"`
	OldestSeconds int64 `json:"oldest_seconds" minimum:"0" doc:"For how long that had been due which waited longest of them, in whole seconds" example:"42"`
	InFlight      int   `json:"in_flight"      minimum:"0" doc:"Images that were dispatched or begun" example:"12"`
}

// Host is what is remembered of a host that images are fetched from.
type Host struct {
	Host         string     `json:"host"                    doc:"In lower case, with its port where that is not the scheme's default" example:"example.com"`
	State        string     `json:"state"                   enum:"unknown,answers,failing,probed,open" doc:"unknown: it has not answered yet. answers: no URL has failed since its last answer. failing: some have, too few for its breaker. probed: its breaker lets one image through at a time. open: its breaker lets none through" example:"answers"`
	Limit        int        `json:"limit"                   minimum:"0" doc:"Downloads from it that there may be at once now" example:"8"`
	InFlight     int        `json:"in_flight"               minimum:"0" doc:"Images of it that are dispatched or begun and not downloaded yet, to which its limit applies" example:"3"`
	Parked       int        `json:"parked"                  minimum:"0" doc:"Images that wait for it, counted up to a limit" example:"0"`
	ParkedMore   bool       `json:"parked_more"             doc:"The limit was reached: there may be more"`
	Failures     int        `json:"failures"                minimum:"0" doc:"Different URLs that have failed since its last answer" example:"0"`
	FailingSince *time.Time `json:"failing_since,omitempty" doc:"When the first of them failed" typical:"false"`
	FailedAt     *time.Time `json:"failed_at,omitempty"     doc:"When the last of them failed" typical:"false"`
	OpenUntil    *time.Time `json:"open_until,omitempty"    doc:"When its breaker lets an image through; only while it is open" typical:"false"`
	Reason       *Reason    `json:"reason,omitempty"        doc:"Of the last failure" typical:"false"`
	RecentMS     int64      `json:"recent_ms,omitempty"     minimum:"1" doc:"How long a fetch takes, in milliseconds: a moving average" example:"180"`

	Fetches *HostFetches `json:"fetches,omitempty" doc:"How fetches went in the last hour; absent where there were none"`
}

// HostFetches is how the fetches of a host went in the last hour.
type HostFetches struct {
	Succeeded   int64   `json:"succeeded"        minimum:"0" doc:"Downloads that were complete, and answers that nothing has changed" example:"412"`
	Failed      int64   `json:"failed"           minimum:"0" doc:"Fetches for which the host gave no picture: source_not_found, source_forbidden, source_timeout, source_unreachable, too_many_redirects. Fetches that failed for other reasons count in neither" example:"8"`
	SuccessRate float64 `json:"success_rate"     minimum:"0" maximum:"1" doc:"The share of those that succeeded" example:"0.981"`
	P50MS       int64   `json:"p50_ms,omitempty" minimum:"1" doc:"Half of those that succeeded took no longer, in milliseconds, within 9.1 % and to the millisecond; absent where none has succeeded" example:"180"`
	P95MS       int64   `json:"p95_ms,omitempty" minimum:"1" doc:"The same of 95 %" example:"950"`
}
