package httpapi

// tags are the groups of operations, with what each is about.
func tags() [][2]string {
	return [][2]string{
		{"dead letters", "Work that failed: images, and messages of the broker that cannot be read. It is listed, replayed and discarded here, many at once by a job"},
		{"images", "Published pictures, which need no key"},
		{"keys", "API keys"},
		{"operation", "For who operates the installation: what waits, what hosts do, and whether processes can work"},
		{"products", "Products and their images"},
		{"users", "Users, who own products, and what was done to their accounts"},
	}
}

// schemas are what the types of the API are, for the description.
func schemas() map[string]string {
	return map[string]string{
		"AuditEntry":     "Something that was done to users or keys, or by an operator",
		"Cover":          "The picture that stands for a product in a list",
		"Created":        "Answers a create",
		"CreatedKey":     "A new API key, with its text",
		"CurrentImage":   "An image as it is now, with what it waits for",
		"DeadFilter":     "Selects dead letters; without fields it selects all of them",
		"DeadJob":        "A replay or a discard of many dead letters in the background",
		"DeadLetter":     "Work that failed: an image, or a message of the broker. Fields of the other kind are absent",
		"DeadOrder":      "Asks for a replay or a discard, by ids or by filter",
		"DeadSelection":  "Selects dead letters; without fields it selects all of them",
		"Erasure":        "The deletion of a user with all that the user owns, in the background",
		"FieldError":     "What is wrong with one field or parameter",
		"Health":         "The process is alive",
		"Host":           "What is remembered of a host that images are fetched from",
		"Image":          "One image of a product. Its results are all there once it is ready, and none before",
		"ImageCounts":    "How many images a product has, by status",
		"ImagePatch":     "What to change of an image",
		"Key":            "An API key without its text",
		"NewImage":       "An image to be added to a product",
		"SentImage": "An image that is added to a product, with its picture",
		"NewKey":         "An API key to be made",
		"NewProduct":     "A product to be created",
		"NewUser":        "A user to be added",
		"Note":           "How a published image differs from its source",
		"Output":         "One published file",
		"PageAuditEntry": "One page of the audit log",
		"PageDeadJob":    "One page of jobs",
		"PageDeadLetter": "One page of dead letters",
		"PageHost":       "One page of hosts",
		"PageImage":      "The images of a product",
		"PageKey":        "One page of API keys",
		"PageUser":       "One page of users",
		"PartHealth":     "The state of one part",
		"Problem":        "Why a request failed (RFC 9457)",
		"Product":        "A product with its images",
		"ProductPatch":   "What to change of a product",
		"Queue":          "What waits, and what works on it",
		"QueueProcess":   "A live process",
		"QueueState":     "How many images are in a state; images that are refreshed or repaired are among them",
		"QueueUser":      "How many images of a user are worked on and wait",
		"Readiness":      "Whether the process can do its work",
		"Reason":         "Why the work on an image failed",
		"Rotation":       "How an API key is replaced",
		"SentProduct":    "A product for an external id: what to change of it, or what to create",
		"Settled":        "What a replay or a discard has done at once",
		"Skipped":        "An id that a replay or a discard could not be applied to",
		"Summary":        "A product in a list",
		"User":           "Who owns products",
		"UserPatch":      "What to change of a user",
		"Waiting":        "What an image waits for",
	}
}
