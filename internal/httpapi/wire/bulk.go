package wire

// BulkProducts are many products to be written.
type BulkProducts struct {
	Products []BulkProduct `json:"products" minItems:"1" maxItems:"1000" nullable:"false"`
}

// BulkProduct is one product of many: with an external_id that the user has already it
// changes that product, else it is created.
type BulkProduct struct {
	ExternalID  string            `json:"external_id,omitempty"         doc:"The client's own id or SKU" example:"SKU-4711"`
	Name        string            `json:"product_name,omitempty"        doc:"Required of a new product" example:"Smartphone"`
	Description string            `json:"product_description,omitempty" example:"Latest model with advanced features"`
	Price       any               `json:"product_price,omitempty"       doc:"Required of a new product: a number, or a string that holds one" example:"599.99"`
	Images      []string          `json:"product_images,omitempty"      nullable:"false" doc:"URLs of the pictures, in order" example:"https://example.com/image1.jpg"`
	Alts        []string          `json:"image_alts,omitempty"          nullable:"false" doc:"What the images show, by their positions" example:"The phone from the front"`
	Metadata    map[string]string `json:"metadata,omitempty"            doc:"Pairs of the client's own" example:"{\"season\":\"winter\"}"`
}

// BulkResults are what became of the products, in their order.
type BulkResults struct {
	Created    int          `json:"created"    minimum:"0" example:"1"`
	Updated    int          `json:"updated"    minimum:"0" example:"0"`
	Unchanged  int          `json:"unchanged"  minimum:"0" example:"0"`
	Failed     int          `json:"failed"     minimum:"0" example:"0"`
	Superseded int          `json:"superseded" minimum:"0" doc:"A later entry of the same external_id has won" example:"0"`
	Results    []BulkResult `json:"results"    nullable:"false" doc:"In the order of the products that were sent"`
}

// BulkResult is what became of one product.
type BulkResult struct {
	Outcome   string     `json:"outcome"              enum:"created,updated,unchanged,failed,superseded"`
	ProductID int64      `json:"product_id,omitempty" minimum:"1" doc:"Absent where it failed or was superseded" example:"101"`
	Errors    []RowError `json:"errors,omitempty"     nullable:"false" doc:"Why it failed: the first ten" typical:"false"`
}

// RowError is what is wrong with one field of a row.
type RowError struct {
	Field  string `json:"field"  doc:"The field, or row for the product as a whole" example:"product_price"`
	Reason string `json:"reason" doc:"Completes the sentence that begins with the field" example:"is required"`
}
