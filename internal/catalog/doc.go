// Package catalog holds products, their images and their prices, the rules
// they obey, and the use cases of the API. It knows neither HTTP nor SQL: the
// Store port says what it needs of a database, ViewCache what it needs of a
// cache.
//
// More files than usual: each is a use case, a rule, or what is cached, and they share
// the rules of fields.
package catalog
