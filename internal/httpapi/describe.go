package httpapi

import (
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"vitrine.dev/internal/events"
	"vitrine.dev/internal/httpapi/products"
	"vitrine.dev/internal/httpapi/wire"
	"vitrine.dev/internal/httpkit/openapi"
)

// tags are the groups of operations, with what each is about.
func tags() [][2]string {
	return [][2]string{
		{"dead letters", "Work that failed: images, and messages of the broker that cannot be read. It is listed, replayed and discarded here, many at once by a job"},
		{"events", "What has changed, to be read page by page or followed"},
		{"images", "Published pictures, which need no key"},
		{"imports", "Files of products, brought into the catalogue in the background"},
		{"keys", "API keys"},
		{"operation", "For who operates the installation: what waits, what hosts do, and whether processes can work"},
		{"products", "Products and their images"},
		{"uploads", "Pictures that are sent in two steps, past the API where the storage can take them"},
		{"users", "Users, who own products, and what was done to their accounts"},
		{"webhooks", "URLs that are sent the events of a user, and the log of what was delivered to them"},
	}
}

// schemas are what the types of the API are, for the description.
func schemas() map[string]string {
	return map[string]string{
		"AuditEntry":       "Something that was done to users or keys, or by an operator",
		"BulkProduct":      "One product of many",
		"BulkProducts":     "Many products to be written",
		"BulkResult":       "What became of one product of many",
		"BulkResults":      "What became of the products, in their order",
		"CheckFinding":     "What a check has found of one kind",
		"CheckRun":         "One run of a check that has ended",
		"CollectorRound":   "What the last turns of the collector have found together",
		"Consistency":      "What the last checks say of whether database, storage, queue and cache agree",
		"Cover":            "The picture that stands for a product in a list",
		"Created":          "Answers a create",
		"CreatedKey":       "A new API key, with its text",
		"CurrentImage":     "An image as it is now, with what it waits for",
		"ImageAttempts":    "What has happened to an image",
		"ImageAttempt":     "An attempt at an image that has ended",
		"AttemptStep":      "A step of an attempt at an image, which has ended",
		"DeadFilter":       "Selects dead letters; without fields it selects all of them",
		"DeadHost":         "The dead letters of a host, by reason",
		"DeadJob":          "A replay or a discard of many dead letters in the background",
		"DeadLetter":       "Work that failed: an image, or a message of the broker. Fields of the other kind are absent",
		"DeadOrder":        "Asks for a replay or a discard, by ids or by filter",
		"DeadReason":       "The dead letters of a reason",
		"DeadSelection":    "Selects dead letters; without fields it selects all of them",
		"DeadSummary":      "How many dead letters there are, by reason, host and user",
		"DeadUser":         "The dead letters of a user",
		"Erasure":          "The deletion of a user with all that the user owns, in the background",
		"Event":            "A change of a product or of one of its images",
		"EventData":        "What an event says beside its type; fields that do not go with the type are absent",
		"EventPage":        "A part of the log of events",
		"EventProduct":     "Which state of a product an event has made",
		"FieldError":       "What is wrong with one field or parameter",
		"Health":           "The process is alive",
		"Finding":          "One thing that is wrong",
		"FindingAction":    "What can be done about a finding. Fields that its kind does not need are absent",
		"Findings":         "What is wrong",
		"Host":             "What is remembered of a host that images are fetched from",
		"Image":            "One image of a product. Its results are all there once it is ready, and none before",
		"ImageCounts":      "How many images a product has, by status",
		"ImagePatch":       "What to change of an image",
		"Import":           "A file of products on its way into the catalogue",
		"ImportImages":     "Where the images are that an import has asked for",
		"ImportResult":     "What became of one row of a file",
		"ImportRows":       "What became of the rows of a file",
		"PageImport":       "One page of imports",
		"Key":              "An API key without its text",
		"NewImage":         "An image to be added to a product",
		"NewUpload":        "A picture that is to be sent in two steps",
		"Upload":           "A picture that is sent in two steps",
		"CreatedUpload":    "A new upload, and where its picture is to be sent",
		"SentImage":        "An image that is added to a product, with its picture",
		"NewKey":           "An API key to be made",
		"NewProduct":       "A product to be created",
		"NewUser":          "A user to be added",
		"Note":             "How a published image differs from its source",
		"Output":           "One published file",
		"PageAuditEntry":   "One page of the audit log",
		"PageDeadJob":      "One page of jobs",
		"PageDeadLetter":   "One page of dead letters",
		"PageHost":         "One page of hosts",
		"PageImage":        "The images of a product",
		"PageKey":          "One page of API keys",
		"PageUser":         "One page of users",
		"PartHealth":       "The state of one part",
		"Problem":          "Why a request failed (RFC 9457)",
		"Product":          "A product with its images",
		"ProductPatch":     "What to change of a product",
		"Queue":            "What waits, and what works on it",
		"QueueProcess":     "A live process",
		"QueueBacklog":     "What waited and was in work at one moment",
		"QueueHistory":     "What happened to images lately",
		"QueuePoint":       "What happened in a part of that time",
		"QueueState":       "How many images are in a state; images that are refreshed or repaired are among them",
		"QueueUser":        "How many images of a user are worked on and wait",
		"Readiness":        "Whether the process can do its work",
		"Reason":           "Why the work on an image failed",
		"Rotation":         "How an API key is replaced",
		"RowError":         "What is wrong with one field of a product of many",
		"SentProduct":      "A product for an external id: what to change of it, or what to create",
		"Settled":          "What a replay or a discard has done at once",
		"Skipped":          "An id that a replay or a discard could not be applied to",
		"StreamToken":      "Opens streams of events",
		"Summary":          "A product in a list",
		"User":             "Who owns products",
		"UserPatch":        "What to change of a user",
		"Waiting":          "What an image waits for",
		"CreatedWebhook":   "A webhook with its secret",
		"Delivery":         "An event on its way to a webhook",
		"DeliveryRequest":  "What a webhook is sent, but for time and signature, which every attempt has of its own",
		"EventRange":       "A part of the log of events",
		"NewWebhook":       "A webhook to be made",
		"PageDelivery":     "One page of deliveries",
		"PageWebhook":      "One page of webhooks",
		"SecretRotation":   "How the secret of a webhook is replaced",
		"TestEvent":        "Which test event is sent",
		"Webhook":          "Where a user wants events",
		"WebhookPatch":     "What to change of a webhook",
		"ExportMark":       "The first line of an export, or the last",
		"ExportPlace":      "Where an export stands in the log of events",
		"ProductRow":       "A product in a file: what clients write of it",
		"RefreshCount":     "How many images would be fetched again",
		"RefreshFilter":    "Selects images that are ready; without fields it selects all of them",
		"RefreshJob":       "Has many images fetched again in the background",
		"RefreshOrder":     "Asks for many images to be fetched again",
		"RefreshSelection": "Selects images that are ready; without fields it selects all of them",
	}
}

// newDescription returns the description without operations.
func newDescription() *openapi.Document {
	d := openapi.New(huma.Info{
		Title: "Vitrine", Version: "1.0.0", License: &huma.License{Name: "MIT", URL: "https://opensource.org/license/mit"},
		Contact:     &huma.Contact{Name: "Whoever operates this installation"},
		Description: "Products in, compressed images out. Every error is an RFC 9457 problem.",
	}, map[reflect.Type]string{
		reflect.TypeFor[wire.DeadOutcome](): "Settled",
		reflect.TypeFor[wire.Event]():       "Event", reflect.TypeFor[*events.PublicProduct](): "EventProduct", reflect.TypeFor[events.PublicData](): "EventData",
	})
	products.DescribePrices(d)
	products.DescribeImages(d)
	for _, tag := range tags() {
		d.Tag(tag[0], tag[1])
	}
	return d
}
