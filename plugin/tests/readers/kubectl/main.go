// What kubectl makes of YAML documents: with its reader, of the version that it has.
//
// Each line of the input is a document as a JSON string; each line of the output is {"value": ...}
// or {"error": ...}.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	"sigs.k8s.io/yaml"
)

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for in.Scan() {
		var document string
		if err := json.Unmarshal(in.Bytes(), &document); err != nil {
			panic(err)
		}
		value, err := yaml.YAMLToJSON([]byte(document))
		if err != nil {
			fmt.Fprintln(out, `{"error": "refused"}`)
			continue
		}
		fmt.Fprintf(out, "{\"value\": %s}\n", value)
	}
}
