{{- define "ray-serve-webhook.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 53 | trimSuffix "-" -}}
{{- end -}}

{{/* The release's name, with the chart's where that does not contain it already. */}}
{{- define "ray-serve-webhook.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride -}}
{{- else -}}
{{- $name := include "ray-serve-webhook.name" . -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 53 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 53 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "ray-serve-webhook.selectorLabels" -}}
app.kubernetes.io/name: {{ include "ray-serve-webhook.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "ray-serve-webhook.labels" -}}
{{ include "ray-serve-webhook.selectorLabels" . }}
{{ include "ray-serve-webhook.versionLabels" . }}
{{- end -}}

{{- define "ray-serve-webhook.versionLabels" -}}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "ray-serve-webhook.serviceAccountName" -}}
{{- default (include "ray-serve-webhook.fullname" .) .Values.serviceAccount.name -}}
{{- end -}}

{{/* Non-empty where the webhook makes its own certificate. */}}
{{- define "ray-serve-webhook.selfManaged" -}}
{{- if and .Values.certManager.enabled .Values.existingSecret.name -}}
{{- fail "certManager.enabled and existingSecret.name exclude each other: set one of them" -}}
{{- end -}}
{{- if not (or .Values.certManager.enabled .Values.existingSecret.name) -}}
true
{{- end -}}
{{- end -}}

{{/* The webhook's own. cert-manager's authority has another one, and both modes can follow each other. */}}
{{- define "ray-serve-webhook.caSecretName" -}}
{{- include "ray-serve-webhook.fullname" . }}-ca
{{- end -}}

{{- define "ray-serve-webhook.issuerCaName" -}}
{{- include "ray-serve-webhook.fullname" . }}-issuer-ca
{{- end -}}

{{/* The Secret with the serving certificate, where somebody else makes it. */}}
{{- define "ray-serve-webhook.tlsSecretName" -}}
{{- if .Values.certManager.enabled -}}
{{- include "ray-serve-webhook.fullname" . }}-tls
{{- else -}}
{{- .Values.existingSecret.name -}}
{{- end -}}
{{- end -}}

{{/*
Non-empty where the API server has admission policies. Helm knows what the API server has, but not when it
only renders; then the version of Kubernetes tells it.
*/}}
{{- define "ray-serve-webhook.hasPolicies" -}}
{{- $has := .Capabilities.APIVersions.Has "admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy" -}}
{{- if not (.Capabilities.APIVersions.Has "v1/Secret") -}}
{{- $has = semverCompare ">=1.30.0-0" .Capabilities.KubeVersion.Version -}}
{{- end -}}
{{- $enabled := .Values.admissionPolicy.enabled -}}
{{- if ternary $has $enabled (eq (toString $enabled) "auto") -}}
true
{{- end -}}
{{- end -}}

{{/* Non-empty where an admission policy confines the webhook's rights. */}}
{{- define "ray-serve-webhook.confined" -}}
{{- if and (include "ray-serve-webhook.selfManaged" .) (include "ray-serve-webhook.hasPolicies" .) -}}
true
{{- end -}}
{{- end -}}

{{/* Non-empty where one confines the controller's: the hook's too, when the controller is switched off. */}}
{{- define "ray-serve-webhook.trafficConfined" -}}
{{- include "ray-serve-webhook.hasPolicies" . -}}
{{- end -}}

{{/* What serve services are narrowed to, as the controller's flag has it. */}}
{{- define "ray-serve-webhook.serveServiceMode" -}}
{{- $mode := .Values.serveService.mode -}}
{{- if eq $mode "auto" -}}
{{- ternary "pods" "head" (eq (include "ray-serve-webhook.hasPolicies" .) "true") -}}
{{- else -}}
{{- lower $mode -}}
{{- end -}}
{{- end -}}

{{- define "ray-serve-webhook.controllerName" -}}
{{- include "ray-serve-webhook.fullname" . }}-controller
{{- end -}}

{{/* Not the webhook's: its Service must not send reviews there. A label has 63 characters. */}}
{{- define "ray-serve-webhook.controllerSelectorLabels" -}}
app.kubernetes.io/name: {{ printf "%s-controller" (include "ray-serve-webhook.name" .) | trunc 63 }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "ray-serve-webhook.controllerLabels" -}}
{{ include "ray-serve-webhook.controllerSelectorLabels" . }}
{{ include "ray-serve-webhook.versionLabels" . }}
{{- end -}}

{{/* Of a Job, so that it has 63 characters with the longest full name. */}}
{{- define "ray-serve-webhook.giveBackName" -}}
{{- include "ray-serve-webhook.fullname" . }}-give-back
{{- end -}}

{{- define "ray-serve-webhook.giveBackLabels" -}}
app.kubernetes.io/name: {{ include "ray-serve-webhook.name" . }}-give-back
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/*
Before an uninstallation, or after the controller was switched off; Helm runs no hook of an upgrade where it
rolls back. A Job that failed is kept for its log, until the next one.
*/}}
{{- define "ray-serve-webhook.giveBackMetadata" -}}
labels: {{- include "ray-serve-webhook.giveBackLabels" . | nindent 2 }}
annotations:
  helm.sh/hook: {{ ternary "pre-delete" "post-upgrade,post-rollback" .Values.serveService.enabled }}
  helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end -}}

{{/* What the controller and its end have in common. */}}
{{- define "ray-serve-webhook.controllerArgs" -}}
- --mode={{ include "ray-serve-webhook.serveServiceMode" . }}
{{- range .Values.serveService.namespaces }}
- --namespace={{ . }}
{{- end }}
- --lease={{ include "ray-serve-webhook.controllerName" . }}
- --log={{ .Values.logLevel }}
{{- end -}}

{{- define "ray-serve-webhook.leaseRules" -}}
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  resourceNames: [{{ include "ray-serve-webhook.controllerName" . }}]
  verbs: [get, update]
{{- end -}}

{{/* Binds a role to the controller's ServiceAccount. */}}
{{- define "ray-serve-webhook.bind" -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ .kind }}Binding
metadata:
  name: {{ .name }}
  {{- with .namespace }}
  namespace: {{ . }}
  {{- end }}
  labels: {{- include "ray-serve-webhook.controllerLabels" .root | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ .kind }}
  name: {{ .name }}
subjects:
  - kind: ServiceAccount
    name: {{ include "ray-serve-webhook.controllerName" .root }}
    namespace: {{ .root.Release.Namespace }}
{{- end -}}

{{/* What every pod of the chart has in common. */}}
{{- define "ray-serve-webhook.podSettings" -}}
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.podSecurityContext }}
securityContext: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Who else looks at an object, deletes it with another one, or keeps it. */}}
{{- define "ray-serve-webhook.sameMetadata" -}}
- expression: >-
    request.operation != 'UPDATE'
    {{- range $index, $field := .fields }}
    {{ ternary "|| (" "&& " (eq $index 0) }}object.metadata.?{{ $field }} == oldObject.metadata.?{{ $field }}
    {{- end }})
  message: the {{ .who }} changes no {{ initial .fields | join ", " }} or {{ last .fields }}
  reason: Forbidden
{{- end -}}

{{/* Where the pods answer probes and Prometheus; everything else names the port `admin`. */}}
{{- define "ray-serve-webhook.adminPort" -}}8081{{- end -}}

{{- define "ray-serve-webhook.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest | quote -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) | quote -}}
{{- end -}}
{{- end -}}

{{/* Seconds that the requests in flight have, once a pod accepts no more. */}}
{{- define "ray-serve-webhook.drainSeconds" -}}10{{- end -}}

{{/* `.Values.shutdownDelay` in whole seconds, and the drain time, with as much again for a slow node. */}}
{{- define "ray-serve-webhook.terminationSeconds" -}}
{{- $delay := .Values.shutdownDelay -}}
{{- $seconds := trimSuffix "s" $delay | int -}}
{{- if hasSuffix "ms" $delay -}}
{{- $seconds = div (add (trimSuffix "ms" $delay | int) 999) 1000 -}}
{{- end -}}
{{- add $seconds (mul 3 (include "ray-serve-webhook.drainSeconds" . | int)) -}}
{{- end -}}

{{/* What the `restricted` Pod Security level asks for, and more. */}}
{{- define "ray-serve-webhook.securityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{- define "ray-serve-webhook.testName" -}}
{{- include "ray-serve-webhook.fullname" . }}-test
{{- end -}}

{{- define "ray-serve-webhook.testLabels" -}}
app.kubernetes.io/name: {{ include "ray-serve-webhook.name" . }}-test
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/*
The objects of `helm test` go with its end, or, where that was cut off, with the next one: Helm does not
uninstall them. Their pod is none of the Service's, so they have a name of their own.
*/}}
{{- define "ray-serve-webhook.testMetadata" -}}
labels: {{- include "ray-serve-webhook.testLabels" . | nindent 2 }}
annotations:
  helm.sh/hook: test
  helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded,hook-failed
{{- end -}}

{{/* A certificate with fewer days left should have been renewed: our own at two, cert-manager's at thirty. */}}
{{- define "ray-serve-webhook.renewalOverdueDays" -}}
{{- if .Values.existingSecret.name }}14{{ else if .Values.certManager.enabled }}7{{ else }}1{{ end }}
{{- end -}}

{{/* The API server's own metrics call the webhook by this name. */}}
{{- define "ray-serve-webhook.webhookName" -}}rayclusters.ray-serve-webhook.ray.io{{- end -}}

{{/* The pods know the API server by its Service's address, and need no DNS. */}}
{{- define "ray-serve-webhook.apiServerEgress" -}}
- ports:
    {{- range .Values.networkPolicy.apiServer.ports }}
    - port: {{ . }}
    {{- end }}
  {{- with .Values.networkPolicy.apiServer.to }}
  to: {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}
