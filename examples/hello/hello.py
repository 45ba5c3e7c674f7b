from ray import serve

@serve.deployment
class Hello:
    def __call__(self, request):
        return "Hello, " + request.query_params["name"] + "!"

app = Hello.bind()
