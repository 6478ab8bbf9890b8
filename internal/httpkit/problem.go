package httpkit

// Problem is the body of every answer from 400 on (RFC 9457).
type Problem struct {
	Type     string       `json:"type"             doc:"What kind of problem; about:blank says that the status tells all"                  example:"about:blank"`
	Title    string       `json:"title"            doc:"The status in words"                                                               example:"Unprocessable Entity"`
	Status   int          `json:"status"           doc:"The HTTP status"                                                                   example:"422"                             minimum:"400" maximum:"599"`
	Detail   string       `json:"detail"           doc:"What went wrong with this request"                                                 example:"the request has invalid fields"`
	Instance string       `json:"instance"         doc:"The request id, as in X-Request-Id and in the server's log"                        example:"4XKQ2VJ5D3M7YB6TRZP0HNWCEA"`
	Errors   []FieldError `json:"errors,omitempty" doc:"Every invalid field; absent where the problem is not one of single fields" nullable:"false"`
}

// FieldError is one invalid field.
type FieldError struct {
	Field  string `json:"field"  doc:"The field or parameter, e.g. product_images[2]" example:"product_price"`
	Reason string `json:"reason" doc:"Completes the sentence that begins with the field" example:"must not be negative"`
}
