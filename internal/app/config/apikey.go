package config

import (
	"errors"
	"os"
	"strings"

	"github.com/caarlos0/env/v11"
)

// LoadAPIKey is Load for VITRINE_API_KEY alone: "" where it is not set.
func LoadAPIKey() (string, error) {
	if err := loadDotEnv(); err != nil {
		return "", err
	}
	given := newEnvironment(env.ToMap(os.Environ()))
	given.readFiles()
	const name = "VITRINE_API_KEY"
	for _, problem := range given.problems {
		if strings.HasPrefix(variableOf(problem), name) {
			return "", errors.New(problem)
		}
	}
	return given.values[name], nil
}
