package authsql

// CountProductsStatement is what EraseUser counts the products of the user $1 by.
const CountProductsStatement = countProducts
