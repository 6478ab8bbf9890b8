package config

import (
	"encoding"
	"fmt"
	"reflect"
	"strings"
)

// Setting is one variable as the process has it.
type Setting struct {
	Name  string
	Value string // "" where it is not set; never that of a secret
	// Secret says that the value is set and not told.
	Secret bool
	// Origin is the variable or file that it comes from; "" where it has its default.
	Origin string
}

// Settings lists every variable, in the order in which Config has them.
func (c Config) Settings() []Setting {
	value := reflect.ValueOf(c)
	var list []Setting
	for i := range value.NumField() {
		field := value.Type().Field(i)
		name := field.Tag.Get("env")
		if name == "" {
			continue
		}
		s := Setting{Name: name, Value: textOf(value.Field(i).Interface()), Origin: c.origins[name]}
		if isSecret(name) && s.Value != "" {
			s.Value, s.Secret = "", true
		}
		list = append(list, s)
	}
	return list
}

// isSecret tells the variables whose values no one is told: those that may hold a secret
// among other things too.
func isSecret(name string) bool {
	if name == "DB_PARAMS" {
		return true
	}
	for _, part := range []string{"PASSWORD", "SECRET", "TOKEN", "_KEY"} {
		if strings.Contains(name, part) {
			return !strings.HasPrefix(name, "RATE_LIMIT_")
		}
	}
	return false
}

func textOf(value any) string {
	switch v := value.(type) {
	case AdminAddress:
		if v.Off {
			return "off"
		}
		return v.String()
	case encoding.TextMarshaler:
		text, err := v.MarshalText()
		if err != nil {
			return ""
		}
		return string(text)
	case fmt.Stringer:
		return v.String()
	}
	v := reflect.ValueOf(value)
	if v.Kind() != reflect.Slice {
		return fmt.Sprint(value)
	}
	parts := make([]string, v.Len())
	for i := range parts {
		parts[i] = fmt.Sprint(v.Index(i).Interface())
	}
	return strings.Join(parts, ",")
}
